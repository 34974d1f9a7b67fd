import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Location } from './location.ts'
import { isAlive, isServerProcess, readPostmaster } from './postmaster.ts'
import { CLEAN_ENV } from './run.ts'

/** A server we started or found. */
export interface RunningServer {
  pid: number
  port: number
}

export interface LaunchSettings {
  /** 0 lets the operating system choose. */
  port: number
  isEphemeral: boolean
}

/** Long, because a server that was killed first replays its log. */
const READY_DEADLINE_MS = 60_000
const POLL_MS = 10
const LAUNCH_DEADLINE_MS = 15_000

/**
 * Starts a server, trying again for the two failures that pass: another program was quicker to take the port we found free, and the
 * sessions of a server that was killed are still noticing that it is gone.
 */
export async function launchServer(location: Location, settings: LaunchSettings): Promise<RunningServer> {
  const deadline = Date.now() + LAUNCH_DEADLINE_MS
  for (;;) {
    const port = settings.port === 0 ? await freePort() : settings.port
    const child = spawnServer(location, port, settings.isEphemeral)
    if (await becomesReady(child, location.dataDir)) return { pid: child.pid as number, port }
    const log = readLog(location)
    const isPortTaken = settings.port === 0 && /could not bind|could not create any TCP/.test(log)
    const isOldSessionLeft = log.includes('is still in use')
    if (!(isPortTaken || isOldSessionLeft) || Date.now() > deadline) {
      throw new Error(`Postgres did not start; the end of ${location.dataDir}.log:\n${log.slice(-2000)}`)
    }
    await wait(100)
  }
}

function spawnServer(location: Location, port: number, isEphemeral: boolean): ChildProcess {
  // Appended to, because sessions of a killed server may still write their last lines; what is read for the reason of a failure must not be under them.
  writeFileSync(`${location.dataDir}.log`, '', { mode: 0o600 })
  const log = openSync(`${location.dataDir}.log`, 'a', 0o600)
  try {
    const child = spawn(location.binaries.postgres, serverArguments(location, port, isEphemeral), {
      ...location.owner,
      // Its own process group: Ctrl-C in the terminal must not stop the database before the services have drained.
      detached: true,
      cwd: '/',
      env: CLEAN_ENV,
      stdio: ['ignore', log, log],
    })
    child.once('error', () => {})
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

function serverArguments(location: Location, port: number, isEphemeral: boolean): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '32MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Tests clone many databases and open many pools, and have nothing to lose.
    ...(isEphemeral
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' }
      : { max_connections: '100' }),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', location.dataDir, '-p', String(port), ...flags]
}

/** Waits until `postmaster.pid` names our own child as ready; false when the child has gone first. */
async function becomesReady(child: ChildProcess, dataDir: string): Promise<boolean> {
  const deadline = Date.now() + READY_DEADLINE_MS
  while (Date.now() < deadline) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false
    const postmaster = readPostmaster(dataDir)
    if (postmaster?.pid === child.pid && postmaster.isReady) return true
    await wait(POLL_MS)
  }
  child.kill('SIGKILL')
  return false
}

/** Waits until a server that is already there answers; null when it goes away instead. */
export async function waitForServer(pid: number, dataDir: string): Promise<RunningServer | null> {
  const deadline = Date.now() + READY_DEADLINE_MS
  while (Date.now() < deadline && isAlive(pid)) {
    const postmaster = readPostmaster(dataDir)
    if (postmaster?.pid === pid && postmaster.isReady) return { pid, port: postmaster.port }
    await wait(POLL_MS)
  }
  return null
}

/** The ways to stop Postgres, politest first, each with the time it gets. "Fast" ends sessions and writes everything out. */
const STOP_STEPS = [
  { signal: 'SIGINT', deadlineMs: 15_000 },
  { signal: 'SIGQUIT', deadlineMs: 5_000 },
  { signal: 'SIGKILL', deadlineMs: 5_000 },
] as const

/** Stops the server and waits until it is gone. Harmless when it already is. */
export async function stopServer(pid: number, dataDir: string): Promise<void> {
  for (const { signal, deadlineMs } of STOP_STEPS) {
    // Asked again before each signal: the number may by now belong to someone else.
    if (!isAlive(pid) || !isServerProcess(pid, dataDir)) return
    process.kill(pid, signal)
    const deadline = Date.now() + deadlineMs
    while (isAlive(pid) && Date.now() < deadline) await wait(POLL_MS)
  }
  if (isAlive(pid) && isServerProcess(pid, dataDir)) throw new Error(`Postgres (pid ${pid}) does not stop.`)
}

function readLog(location: Location): string {
  try {
    return readFileSync(`${location.dataDir}.log`, 'utf8').trim()
  } catch {
    return '(no log)'
  }
}

/** A port that nobody listens on at this moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
