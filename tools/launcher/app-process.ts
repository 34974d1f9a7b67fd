import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

export interface AppOptions {
  name: string
  /** A JavaScript module. It sends `{ type: 'listening' }` to its parent once it is ready. */
  file: string
  env: Record<string, string | undefined>
  logFile: string
  /** Answers any status below 500 when the app is well. Null: listening is enough. */
  healthUrl: string | null
  /** From start to healthy. Default 20,000. */
  startTimeoutMs?: number
  /** From SIGTERM to SIGKILL. Default 15,000. */
  stopTimeoutMs?: number
  /** Ends the wait, and the app, when aborted. */
  signal?: AbortSignal
}

/** One of our processes. */
export interface App {
  readonly name: string
  readonly pid: number
  /** Settles when the process has ended, with how: `SIGKILL`, `exit code 1`. */
  readonly ended: Promise<string>
  /** SIGTERM, and SIGKILL for one that does not end in time. Idempotent. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): void
}

/** Starts an app and waits until it listens and answers. Throws with the end of its log when it does not. */
export async function startApp(options: AppOptions): Promise<App> {
  const child = spawnApp(options)
  const ended = once(child, 'close').then(([code, signal]) => String(signal ?? `exit code ${code}`))
  const app = toApp(options, child, ended)
  const startTimeoutMs = options.startTimeoutMs ?? 20_000
  const gaveUp = new AbortController()
  const timer = setTimeout(() => gaveUp.abort(`not ready after ${startTimeoutMs / 1000} s`), startTimeoutMs)
  ended.then((how) => gaveUp.abort(`it ended (${how})`))
  const cancel = () => gaveUp.abort('the start was cancelled')
  if (options.signal?.aborted) cancel()
  options.signal?.addEventListener('abort', cancel)
  try {
    await isListening(child, gaveUp.signal)
    while (options.healthUrl !== null && !(await answers(options.healthUrl))) {
      await wait(20, undefined, { signal: gaveUp.signal })
    }
    return app
  } catch {
    app.kill()
    await ended
    throw new Error(`${options.name} did not start: ${gaveUp.signal.reason}.\n${endOfLog(options.logFile)}`)
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', cancel)
  }
}

function spawnApp(options: AppOptions): ChildProcess {
  const log = openSync(options.logFile, 'w', 0o600)
  const guard = pathToFileURL(path.join(import.meta.dirname, 'guard.mjs')).href
  try {
    const child = spawn(process.execPath, ['--enable-source-maps', '--import', guard, options.file], {
      env: options.env,
      stdio: ['ignore', log, log, 'ipc'],
      // Its own process group: Ctrl-C reaches the launcher alone, which stops the apps in order.
      detached: true,
    })
    child.on('error', () => {})
    return child
  } finally {
    closeSync(log)
  }
}

function isListening(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if ((message as { type?: unknown } | null)?.type === 'listening') resolve()
    })
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', reject, { once: true })
  })
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
    await response.body?.cancel()
    return response.status < 500
  } catch {
    return false
  }
}

function toApp(options: AppOptions, child: ChildProcess, ended: Promise<string>): App {
  let stopping: Promise<void> | null = null
  const stop = async () => {
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), options.stopTimeoutMs ?? 15_000)
    await ended
    clearTimeout(force)
  }
  return {
    name: options.name,
    pid: child.pid ?? -1,
    ended,
    stop() {
      stopping ??= stop()
      return stopping
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

export function endOfLog(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-30)
  return `The end of ${logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
