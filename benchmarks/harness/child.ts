/**
 * One process that a benchmark started. It is asked over IPC, one question at a time or several: what it has used so far (`probe.mjs` answers), and,
 * for processes of our own, the jobs it serves (`serve-jobs.ts`). It ends with us, however we end (`guard.mjs`).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** What a process has used since it started; `lag` is that of its event loop since the last time it was asked. */
export interface Usage {
  /** The process's own clock. */
  atMs: number
  /** All threads, garbage collection included. */
  cpuMs: number
  rssBytes: number
  heapBytes: number
  externalBytes: number
  lag: Lag
}

/** What a process holds at a moment, after a forced collection where it was started with `--expose-gc`. */
export interface Holdings {
  rssBytes: number
  heapBytes: number
  externalBytes: number
  /** What keeps its event loop alive, counted by kind, as `process.getActiveResourcesInfo` names them. */
  resources: Record<string, number>
}

export interface Lag {
  p50Ms: number
  p99Ms: number
  maxMs: number
}

export interface Child {
  readonly name: string
  readonly pid: number
  usage(): Promise<Usage>
  holdings(): Promise<Holdings>
  /** Runs a job and answers with its result; throws what it threw. */
  ask<T>(job: string, input?: unknown): Promise<T>
  /** SIGTERM, then SIGKILL. Idempotent. */
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5000

const preload = (file: string): string[] => ['--import', pathToFileURL(file).href]
const GUARD = new URL('../../tools/launcher/guard.mjs', import.meta.url).pathname
const PROBE = new URL('./probe.mjs', import.meta.url).pathname

/** For whoever looks for the reason of a figure: `BENCH_NODE_FLAGS='--cpu-prof --cpu-prof-dir=/tmp/profiles' npm run bench:api`. */
const EXTRA_FLAGS = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '')

/** Starts a JavaScript module and waits until it says that it listens. */
export async function startChild(options: {
  name: string
  file: string
  env: Readonly<Record<string, string | undefined>>
  logFile: string
  /** For Node itself. */
  flags?: readonly string[]
}): Promise<Child> {
  const { name, logFile, flags = [] } = options
  const log = openSync(logFile, 'w', 0o600)
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', ...EXTRA_FLAGS, ...flags, ...preload(GUARD), ...preload(PROBE), options.file],
    { env: options.env, stdio: ['ignore', log, log, 'ipc'], detached: true },
  )
  closeSync(log)
  const ended = once(child, 'close').then(() => {})
  const questions = receiveAnswers(child, () => `${name} ended.\n${endOfLog(logFile)}`)
  await isListening(child, name, logFile)
  let stopping: Promise<void> | null = null

  async function stop(): Promise<void> {
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(force)
  }
  return {
    name,
    pid: child.pid as number,
    usage: () => questions.send<Usage>({ type: 'usage' }),
    holdings: () => questions.send<Holdings>({ type: 'holdings' }),
    ask: (job, input) => questions.send({ type: 'job', job, input }),
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

function receiveAnswers(child: ChildProcess, describeEnd: () => string) {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let ids = 0
  child.on('message', (message) => {
    const { type, id, result, error } = message as {
      type: string
      id: number
      result?: unknown
      error?: string
    }
    const question = waiting.get(id)
    if (type !== 'answer' || !question) return
    waiting.delete(id)
    if (error === undefined) question.resolve(result)
    else question.reject(new Error(error))
  })
  child.once('close', () => {
    for (const { reject } of waiting.values()) reject(new Error(describeEnd()))
    waiting.clear()
  })
  return {
    send<T>(message: Record<string, unknown>): Promise<T> {
      const id = ++ids
      return new Promise<T>((resolve, reject) => {
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
        child.send({ ...message, id }, (error) => {
          if (error) reject(new Error(describeEnd()))
        })
      })
    },
  }
}

async function isListening(child: ChildProcess, name: string, logFile: string): Promise<void> {
  const fail = (reason: string) => new Error(`${name} did not start: ${reason}.\n${endOfLog(logFile)}`)
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(fail(`not ready after ${START_TIMEOUT_MS / 1000} s`))
    }, START_TIMEOUT_MS)
    child.on('message', (message) => {
      if ((message as { type?: unknown }).type === 'listening') resolve()
    })
    child.once('error', (error) => reject(fail(error.message)))
    child.once('close', () => reject(fail('it ended')))
    child.once('close', () => clearTimeout(timer))
    child.on('message', () => clearTimeout(timer))
  })
}

function endOfLog(logFile: string): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n')
}
