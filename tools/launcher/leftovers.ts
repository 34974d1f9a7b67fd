import { setTimeout as wait } from 'node:timers/promises'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'
import type { StateFolder } from './state-folder.ts'

const FILE = 'processes.json'

/** Notes our processes, so that the next start can end them if this launcher is killed and they do not end by themselves. */
export function rememberProcesses(state: StateFolder, pids: readonly number[]): void {
  state.writeJson(
    FILE,
    pids.map(identify).filter((identity) => identity !== null),
  )
}

/** Ends what an earlier launcher left behind. Postgres is not among them: it is taken over. */
export async function endLeftovers(state: StateFolder): Promise<number> {
  const left = (state.readJson<ProcessIdentity[]>(FILE) ?? []).filter(isRunning)
  for (const { pid } of left) signal(pid, 'SIGTERM')
  const deadline = Date.now() + 6000
  while (left.some(isRunning) && Date.now() < deadline) await wait(20)
  for (const identity of left.filter(isRunning)) signal(identity.pid, 'SIGKILL')
  while (left.some(isRunning) && Date.now() < deadline + 2000) await wait(20)
  state.writeJson(FILE, [])
  return left.length
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has just ended.
  }
}
