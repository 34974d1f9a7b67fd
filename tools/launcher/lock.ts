import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'
import type { StateFolder } from './state-folder.ts'

/** Another launcher runs on the same state folder. */
export class AlreadyRunning extends Error {
  override name = 'AlreadyRunning'
  readonly pid: number

  constructor(pid: number) {
    super(`PhoneVoice is already running here (pid ${pid}).`)
    this.pid = pid
  }
}

/**
 * One launcher per state folder. The lock is a file that names its holder; one left by a launcher that was killed is taken over. Returns
 * the function that gives the lock back. Throws `AlreadyRunning`.
 */
export function takeLock(state: StateFolder): () => void {
  const file = state.path('launcher.lock')
  const mine = `${file}.${process.pid}`
  writeFileSync(mine, JSON.stringify(identify(process.pid)), { mode: 0o600 })
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        // A link fails when the name exists, and it appears with its content already in it.
        linkSync(mine, file)
        return () => {
          if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true })
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === 5) throw error
      }
      const holder = readHolder(file)
      if (holder && isRunning(holder)) throw new AlreadyRunning(holder.pid)
      rmSync(file, { force: true })
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

function readHolder(file: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    return null
  }
}
