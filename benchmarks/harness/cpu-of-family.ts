import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the kernel's own clock (`getconf CLK_TCK`). */
const MS_PER_TICK = 10

/**
 * CPU of a process and its children, those that have ended included (proc(5), `/proc/[pid]/stat`), milliseconds. The first line of `pidFile` names it.
 * Null on systems without `/proc`.
 */
export function cpuMsOfFamily(pidFile: string): number | null {
  try {
    const parent = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
    const own = readStat(parent)
    if (!own) return null
    let ticks = own.ticks + own.ticksOfEnded
    for (const name of readdirSync('/proc')) {
      const stat = /^\d+$/.test(name) ? readStat(Number(name)) : null
      if (stat?.parent === parent) ticks += stat.ticks
    }
    return ticks * MS_PER_TICK
  } catch {
    return null
  }
}

/** Null: it has ended. */
function readStat(pid: number): { parent: number; ticks: number; ticksOfEnded: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in brackets, in which anything may stand; the state is the third.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [, parent = 0] = fields
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15)
    return { parent, ticks: user + system, ticksOfEnded: endedUser + endedSystem }
  } catch {
    return null
  }
}
