import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Names one process for good: numbers are used again, a number together with its start time is not. */
export interface ProcessIdentity {
  pid: number
  startedAt: string
}

/** Null when no such process runs. */
export function identify(pid: number): ProcessIdentity | null {
  const startedAt = process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid)
  return startedAt === null ? null : { pid, startedAt }
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  const found = identify(identity.pid)
  return found !== null && found.startedAt === identity.startedAt
}

/** proc(5), `/proc/pid/stat`: state is field 3, start in clock ticks since boot field 22. The name before them may hold spaces. */
function startFromProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; it only waits for its parent to notice.
    if (fields[0] === 'Z') return null
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${fields[19]}`
  } catch {
    return null
  }
}

function startFromPs(pid: number): string | null {
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : null
}
