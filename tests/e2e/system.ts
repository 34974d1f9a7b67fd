/**
 * The whole product as `npm start` runs it: four processes, real sockets, the sandbox at the far end. Each test file gets one, with a database
 * and a state folder of its own.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import { type App, startApp } from '../../tools/launcher/app-process.ts'
import { type Installation, launch, type Running, stopAll } from '../../tools/launcher/launch.ts'
import { openStateFolder } from '../../tools/launcher/state-folder.ts'
import { openWebhookBox, type Webhook, type WebhookBox } from './webhook-box.ts'

export interface SystemOptions {
  /** A superuser's Postgres, from `inject('postgresUrl')`. */
  serverUrl: string
  redisUrl?: string | null
  env?: Record<string, string>
}

export interface ApiAnswer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as a user's script would.
  body: any
  text: string
}

export interface System {
  installation: Installation
  database: TestDatabase
  /** A request with the test key. */
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>
  createAssistant(settings?: Record<string, unknown>): Promise<string>
  /** Creates a call whose webhooks go to a box of its own. Throws unless it was created. */
  call(request: Record<string, unknown>): Promise<PlacedCall>
  /** A webhook receiver in the sandbox's inbox. */
  box(name?: string): WebhookBox
  sandbox(method: string, path: string, body?: unknown): Promise<ApiAnswer>
  providers(method: string, path: string, body?: unknown): Promise<ApiAnswer>
  /** Gives a simulated phone something to do; the number must be of +12025550113 to …189. */
  givePhone(phoneNumber: string, scenario: Record<string, unknown>): Promise<void>
  /** What the phone of this call heard, said and did. */
  // biome-ignore lint/suspicious/noExplicitAny: the sandbox's report, read as JSON.
  phoneReport(callId: string): Promise<any>
  app(name: string): App
  /** SIGKILLs an app and starts it again. */
  restart(name: string): Promise<void>
  /** Starts one more media process, at a port of its own. */
  startMedia(name: string, env?: Record<string, string>): Promise<App>
  log(name: string): string
  stop(): Promise<void>
}

export interface PlacedCall {
  id: string
  box: WebhookBox
  /** Waits for `call.completed`, then answers with the call, its webhooks and what the phone reports. */
  // biome-ignore lint/suspicious/noExplicitAny: read as a user's script would.
  completed(timeoutMs?: number): Promise<{ call: any; webhooks: Webhook[]; completed: Webhook; phone: any }>
}

let boxes = 0

export async function startSystem(options: SystemOptions): Promise<System> {
  const database = await createTestDatabase(options.serverUrl)
  const folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-e2e-'))
  const state = openStateFolder(folder)
  const running: Running = { apps: [], stopDatabase: null }
  const env: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATABASE_URL: database.url,
    SANDBOX_RING_TIME_SCALE: '0.3',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'debug',
    ...(options.redisUrl ? { REDIS_URL: options.redisUrl } : {}),
    ...options.env,
  }
  const projectRoot = path.resolve(import.meta.dirname, '../..')
  let installation: Installation
  try {
    installation = await launch(
      { projectRoot, state, env, report: () => {}, signal: new AbortController().signal },
      running,
    )
  } catch (error) {
    await stopAll(running)
    await database.drop()
    throw error
  }
  const { urls, seed } = installation

  async function request(
    url: string,
    method: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<ApiAnswer> {
    const response = await fetch(url, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : null,
    }
  }

  const system: System = {
    installation,
    database,
    api: (method, route, body, headers = {}) =>
      request(`${urls.api}${route}`, method, body, { authorization: `Bearer ${seed.testKey}`, ...headers }),
    sandbox: (method, route, body) => request(`${urls.sandbox}/sandbox${route}`, method, body, {}),
    providers: (method, route, body) => request(`${urls.providers}/sandbox${route}`, method, body, {}),
    async createAssistant(settings = {}) {
      const { status, body, text } = await system.api('POST', '/v1/assistants', { name: 'Test', ...settings })
      if (status !== 201) throw new Error(`the assistant was not created: ${status} ${text}`)
      return body.id
    },
    box: (name = `box-${++boxes}`) => openWebhookBox(urls.inbox, name),
    async call(fields) {
      const box = system.box()
      const created = await system.api('POST', '/v1/calls', {
        assistant_id: seed.assistantId,
        webhook_url: box.url,
        ...fields,
      })
      if (created.status !== 201)
        throw new Error(`the call was not created: ${created.status} ${created.text}`)
      const id: string = created.body.id
      return {
        id,
        box,
        async completed(timeoutMs = 50_000) {
          const completed = await box.waitFor('call.completed', timeoutMs)
          const webhooks = await box.received()
          const call = (await system.api('GET', `/v1/calls/${id}`)).body
          return { call, webhooks, completed, phone: await system.phoneReport(id) }
        },
      }
    },
    async givePhone(phoneNumber, scenario) {
      const { status, text } = await system.sandbox(
        'PUT',
        `/phones/${encodeURIComponent(phoneNumber)}`,
        scenario,
      )
      if (status >= 300) throw new Error(`the phone did not take its scenario: ${status} ${text}`)
    },
    async phoneReport(callId) {
      const [row] = await database.sql`select carrier_call_id from calls where id = ${callId}`
      if (!row?.carrier_call_id) return null
      const { status, body } = await system.sandbox('GET', `/calls/${row.carrier_call_id}`)
      return status === 200 ? body : null
    },
    app(name) {
      const app = running.apps.find((candidate) => candidate.name === name)
      if (!app) throw new Error(`there is no app called ${name}`)
      return app
    },
    async restart(name) {
      const old = system.app(name)
      old.kill()
      await old.ended
      const app = await startApp({
        name,
        file: state.path('dist', `${name}.mjs`),
        env: installation.environment,
        logFile: state.path('logs', `${name}-again.log`),
        healthUrl: null,
      })
      running.apps.splice(running.apps.indexOf(old), 1, app)
    },
    async startMedia(name, extra = {}) {
      const app = await startApp({
        name,
        file: state.path('dist', 'media.mjs'),
        // Without an origin of its own it tells the carrier the loopback port that the system chose.
        env: { ...installation.environment, MEDIA_PORT: '0', MEDIA_PUBLIC_ORIGIN: undefined, ...extra },
        logFile: state.path('logs', `${name}.log`),
        healthUrl: null,
      })
      running.apps.push(app)
      return app
    },
    log: (name) => readFileSync(state.path('logs', `${name}.log`), 'utf8'),
    async stop() {
      await stopAll(running)
      await database.drop()
      if (!process.env.KEEP_E2E) rmSync(folder, { recursive: true, force: true })
    },
  }
  return system
}
