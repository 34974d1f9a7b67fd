import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

/** What a running server writes to `postmaster.pid` (PostgreSQL source, `src/include/utils/pidfile.h`). */
export interface Postmaster {
  pid: number
  port: number
  isReady: boolean
}

/** Reads `postmaster.pid`; null when there is none or it is still being written. */
export function readPostmaster(dataDir: string): Postmaster | null {
  let lines: string[]
  try {
    lines = readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return null
  }
  const pid = Number(lines[0])
  const port = Number(lines[3])
  if (!Number.isInteger(pid) || pid <= 0) return null
  return { pid, port: Number.isInteger(port) ? port : 0, isReady: lines[7]?.trim() === 'ready' }
}

/**
 * The server that runs on `dataDir`, if any: one left behind by a launcher that was killed. When the pid in the file now belongs to
 * an unrelated process (after a reboot, say) the file is removed, because Postgres itself would refuse to start.
 */
export function findRunningServer(dataDir: string): Postmaster | null {
  const postmaster = readPostmaster(dataDir)
  if (!postmaster || !isAlive(postmaster.pid)) return null
  if (isServerProcess(postmaster.pid, dataDir)) return postmaster
  rmSync(path.join(dataDir, 'postmaster.pid'), { force: true })
  return null
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether this pid is a `postgres` that was started on this folder. */
export function isServerProcess(pid: number, dataDir: string): boolean {
  const args = commandLine(pid)
  return args.includes('postgres') && args.includes(dataDir)
}

function commandLine(pid: number): string {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {
      return ''
    }
  }
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
}
