/** The product for a run, as `npm start` starts it, with a receiver beside it and with hands to kill it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { startApp } from '../launcher/app-process.ts'
import { bundleApp } from '../launcher/bundle.ts'
import { type Installation, launch, type Running, stopAll } from '../launcher/launch.ts'
import { openStateFolder } from '../launcher/state-folder.ts'
import type { ChaosPostgres } from './postgres.ts'
import { parseReceipts, type Receipt } from './receipts.ts'
import type { ChaosRedis } from './redis.ts'

export interface ChaosProduct {
  installation: Installation
  webhookUrl: string
  redis: ChaosRedis | null
  postgres: ChaosPostgres | null
  /** The run's own connection; only the end of the server itself strikes it. */
  sql: postgres.Sql
  /** SIGKILLs an app and starts it again; returns when it is ready. */
  restart(name: string): Promise<void>
  receipts(): Receipt[]
  stop(): Promise<void>
}

export async function startProduct(options: {
  databaseUrl: string
  redis: ChaosRedis | null
  postgres: ChaosPostgres | null
}): Promise<ChaosProduct> {
  const folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-chaos-'))
  const state = openStateFolder(folder)
  const running: Running = { apps: [], stopDatabase: null }
  const receivedFile = state.path('received.jsonl')
  const sql = postgres(options.databaseUrl, { max: 2, onnotice: () => {} })
  const receiver = await startReceiver(state.path('receiver.mjs'), receivedFile)

  async function stop(): Promise<void> {
    await stopAll(running)
    receiver.stop()
    await sql.end({ timeout: 5 })
    if (!process.env.KEEP_CHAOS) rmSync(folder, { recursive: true, force: true })
    else console.log(`logs and received webhooks: ${folder}`)
  }

  let installation: Installation
  try {
    installation = await launch(
      {
        projectRoot: path.resolve(import.meta.dirname, '../..'),
        state,
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          DATABASE_URL: options.databaseUrl,
          SANDBOX_RING_TIME_SCALE: '0.1',
          LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
          ...(options.redis ? { REDIS_URL: options.redis.url } : {}),
        },
        report: () => {},
        signal: new AbortController().signal,
      },
      running,
    )
  } catch (error) {
    await stop()
    throw error
  }

  let restarts = 0
  return {
    installation,
    webhookUrl: `http://127.0.0.1:${receiver.port}/hooks`,
    redis: options.redis,
    postgres: options.postgres,
    sql,
    async restart(name) {
      const old = running.apps.find((app) => app.name === name)
      if (!old) throw new Error(`There is no app called ${name}.`)
      old.kill()
      await old.ended
      const app = await startApp({
        name,
        file: state.path('dist', `${name}.mjs`),
        env: installation.environment,
        logFile: state.path('logs', `${name}-${++restarts}.log`),
        healthUrl: null,
      })
      running.apps.splice(running.apps.indexOf(old), 1, app)
    },
    receipts: () => (existsSync(receivedFile) ? parseReceipts(readFileSync(receivedFile, 'utf8')) : []),
    stop,
  }
}

async function startReceiver(file: string, receivedFile: string): Promise<{ port: number; stop(): void }> {
  await bundleApp(path.join(import.meta.dirname, 'receiver.ts'), file)
  const child = fork(file, { env: { RECEIVED_FILE: receivedFile }, execArgv: [] })
  const [message] = (await once(child, 'message')) as [{ port: number }]
  return { port: message.port, stop: () => void child.kill('SIGKILL') }
}
