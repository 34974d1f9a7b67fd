/**
 * `npm start`: everything on this machine, with nothing but Node. Starts Postgres (or uses DATABASE_URL), migrates it, starts the four
 * apps, and makes one demo call.
 */
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { endOfLog } from './app-process.ts'
import { runDemo } from './demo.ts'
import { flagsOrExit } from './flags.ts'
import { type Installation, launch, type Running, stopAll } from './launch.ts'
import { rememberProcesses } from './leftovers.ts'
import { AlreadyRunning, takeLock } from './lock.ts'
import { openStateFolder, type StateFolder } from './state-folder.ts'
import { devFile, welcome } from './welcome.ts'

const projectRoot = path.resolve(import.meta.dirname, '../..')
const flags = flagsOrExit(process.argv.slice(2))
const startedAtMs = Date.now()
const print = (line: string) => console.log(line)
const settingsFile = path.join(projectRoot, '.env')
if (existsSync(settingsFile)) process.loadEnvFile(settingsFile)

const state = openState(path.resolve(flags.stateFolder ?? path.join(projectRoot, '.phonevoice')))
// A terminal that was closed must not keep us from stopping in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
const stop = new AbortController()
const running: Running = { apps: [], stopDatabase: null }
listenToSignals()
process.exitCode = await main()
process.exit()

function openState(folder: string): StateFolder {
  try {
    return openStateFolder(folder)
  } catch (error) {
    console.error(`${(error as Error).message}\nChoose a folder that can be written with --state <folder>.`)
    return process.exit(1)
  }
}

async function main(): Promise<number> {
  let giveBackLock: () => void
  try {
    giveBackLock = await takeLockSoon()
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error
    console.error(`${error.message} See ${state.path('dev.json')}, or stop it first.`)
    return 1
  }
  try {
    return await run()
  } catch (error) {
    if (stop.signal.aborted) return 0
    console.error(`\n${(error as Error).message}`)
    return 1
  } finally {
    print('\nStopping…')
    await stopAll(running)
    rememberProcesses(state, [])
    rmSync(state.path('dev.json'), { force: true })
    giveBackLock()
    print('Stopped. Nothing is left running.')
  }
}

/** A launcher that is just stopping holds the lock for a moment longer. */
async function takeLockSoon(): Promise<() => void> {
  const deadline = Date.now() + 3000
  for (;;) {
    try {
      return takeLock(state)
    } catch (error) {
      if (!(error instanceof AlreadyRunning) || Date.now() > deadline) throw error
      await wait(100)
    }
  }
}

/** Runs until someone asks to stop, which is success, or an app ends by itself, which is not. */
async function run(): Promise<number> {
  const installation = await launch(
    { projectRoot, state, env: process.env, report: print, signal: stop.signal },
    running,
  )
  state.writeJson('dev.json', devFile(installation, process.pid))
  print(welcome(installation, (Date.now() - startedAtMs) / 1000))
  const appEnded = Promise.race(
    installation.apps.map(async ({ name, ended }) => ({ name, how: await ended })),
  )
  const asked = new Promise<null>((resolve) => {
    if (stop.signal.aborted) resolve(null)
    stop.signal.addEventListener('abort', () => resolve(null))
  })
  if (flags.isDemo) void demo(installation)
  const ended = await Promise.race([appEnded, asked])
  if (ended === null) return 0
  const { name, how } = ended
  console.error(`\n${name} has ended unexpectedly (${how}).\n${endOfLog(state.path('logs', `${name}.log`))}`)
  return 1
}

async function demo(installation: Installation): Promise<void> {
  print('A demo call:\n')
  try {
    await runDemo({
      urls: installation.urls,
      testKey: installation.seed.testKey,
      assistantId: installation.seed.assistantId,
      recordingFile: (callId) => state.path('demo-recordings', `${callId}.wav`),
      print,
      signal: stop.signal,
    })
    print('\nEverything stays up. Ctrl-C stops it.')
  } catch (error) {
    if (stop.signal.aborted) return
    console.error(`\nThe demo call failed: ${(error as Error).message}\nLogs are in ${state.path('logs')}.`)
  }
}

/**
 * The first signal stops in order, a second one kills. npm and the terminal may both pass on the same Ctrl-C, so only one that comes
 * later counts as a second. When npm itself is killed nobody passes anything on: then a new parent tells.
 */
function listenToSignals(): void {
  const sameSignalMs = 700
  let firstAtMs = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (firstAtMs === 0) {
        firstAtMs = Date.now()
        stop.abort()
      } else if (Date.now() - firstAtMs > sameSignalMs) {
        for (const app of running.apps) app.kill()
      }
    })
  }
  if (process.env.npm_lifecycle_event === undefined) return
  const parentPid = process.ppid
  setInterval(() => {
    if (process.ppid !== parentPid) stop.abort()
  }, 250).unref()
}
