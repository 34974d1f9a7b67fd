import { spawn } from 'node:child_process'
import type { Owner } from './access.ts'

/** Nothing of our environment reaches Postgres: a stray `PGDATA` or `LD_PRELOAD` would change what it does. */
export const CLEAN_ENV: NodeJS.ProcessEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

/** Runs a program and rejects with the end of its output unless it exits with 0 before the deadline. */
export function runToEnd(
  file: string,
  args: string[],
  owner: Owner | null,
  deadlineMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(file, args, {
      ...owner,
      cwd: '/',
      env: CLEAN_ENV,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    })
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-2000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', (error) => reject(new Error(`${file} could not be started: ${error.message}`)))
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${file} failed (${signal ?? code}):\n${output.trim()}`))
    })
  })
}
