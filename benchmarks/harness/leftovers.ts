import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const PREFIX = 'phonevoice-bench-'

/** A new temporary folder that `removeLeftovers` of a later run will find if this one is killed. */
export function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), PREFIX))
  writeFileSync(path.join(folder, 'owner.pid'), String(process.pid))
  return folder
}

/** A benchmark that was killed leaves its Postgres and its folder behind; its other processes end by themselves. */
export function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = path.join(tmpdir(), name)
    try {
      if (statSync(folder).uid !== process.getuid?.()) continue
      if (isRunning(readPid(path.join(folder, 'owner.pid')))) continue
      const server = readPid(path.join(folder, 'postgres/postmaster.pid'))
      // Numbers are used again: the command line tells whose process it is. SIGQUIT is Postgres's immediate shutdown.
      if (server > 0 && readFileSync(`/proc/${server}/cmdline`, 'utf8').includes(folder))
        process.kill(server, 'SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // Half made, or being removed by another run.
    }
  }
}

function readPid(file: string): number {
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0
}

function isRunning(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
