import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CarrierError, createLog, createTestClock, type Timers } from '@phonevoice/base'
import { createTestDatabase } from '@phonevoice/db/test-database'
import { createApiKey, createAuthenticator, revokeApiKey } from '@phonevoice/services/api-keys'
import { createAssistant } from '@phonevoice/services/assistants'
import { createCall } from '@phonevoice/services/calls'
import type { BusMessage, ServiceContext } from '@phonevoice/services/context'
import { createOrganization } from '@phonevoice/services/organizations'
import { createRateLimiter } from '@phonevoice/services/rate-limits'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import { createFolderStorage } from '@phonevoice/storage'
import { createCallEventFeed } from '../call-event-feed.ts'
import { createServer } from '../server.ts'

export const ORIGIN = 'https://api.example.com'
export const SANDBOX = {
  carrierUrl: 'http://127.0.0.1:1',
  accountSid: `AC${'0'.repeat(32)}`,
  authToken: 'sandbox-token',
}

/** A customer with keys of every kind. */
export interface TestOrganization {
  organizationId: string
  testKey: string
  liveKey: string
  revokedKey: string
  assistantId: string
}

export interface TestRequest {
  method?: string
  key?: string | null
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  body?: string
  headers?: Record<string, string>
}

export type TestServer = Awaited<ReturnType<typeof startTestServer>>

/** The real server on a real port, with a database of its own, two customers and a clock that stands still. */
export async function startTestServer(postgresUrl: string) {
  const db = await createTestDatabase(postgresUrl)
  const folder = await mkdtemp(join(tmpdir(), 'phonevoice-api-'))
  const clock = createTestClock()
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    service: 'api',
    showCustomerContent: true,
    write: (line) => void lines.push(JSON.parse(line)),
  })
  const handlers = new Set<(message: { callId: string }) => void>()
  const context: ServiceContext = {
    db,
    clock,
    log,
    secrets: createSecretBox({ db, masterKeys: [masterKey(new Uint8Array(32).fill(7))] }),
    wake() {},
    publish(message: BusMessage) {
      if (message.topic === 'call-events') for (const handler of handlers) handler(message)
    },
    settings: { apiOrigin: ORIGIN, sandbox: SANDBOX },
  }
  const feed = createCallEventFeed({
    subscribe(_topic, handler) {
      handlers.add(handler)
      return { ready: Promise.resolve(), close: () => void handlers.delete(handler) }
    },
  })
  const storage = createFolderStorage(folder)
  /** What the carrier was told of its numbers; an error is thrown instead when set. */
  const numbers = {
    told: [] as { phoneNumber: string; voiceUrl: string | null }[],
    error: null as CarrierError | null,
  }
  const rateLimiter = createRateLimiter({ db, clock, timers: clock, log })
  const server = createServer({
    createContext: (requestLog) => ({ ...context, log: requestLog }),
    authenticator: createAuthenticator(context, { ownerTtlMs: 0, missTtlMs: 0 }),
    rateLimiter,
    trustedProxies: 0,
    feed,
    storage,
    carrierNumbers: () => ({
      async configureNumber(phoneNumber, { voiceUrl }) {
        if (numbers.error) throw numbers.error
        numbers.told.push({ phoneNumber, voiceUrl })
      },
    }),
    log,
    timers: clock satisfies Timers,
  })
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${port}`
  const mine = await createTestOrganization(context, 'Mine')
  const theirs = await createTestOrganization(context, 'Theirs')

  return {
    url,
    db,
    clock,
    context,
    server,
    storage,
    numbers,
    rateLimiter,
    lines,
    mine,
    theirs,
    /** Sends a request with my test key, unless another or none (`null`) is given. */
    request(path: string, options: TestRequest = {}): Promise<Response> {
      const { key = mine.testKey, json, headers } = options
      const body = json === undefined ? options.body : JSON.stringify(json)
      return fetch(url + path, {
        method: options.method ?? (body === undefined ? 'GET' : 'POST'),
        redirect: 'manual',
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      })
    },
    async close() {
      await server.close(200)
      await rateLimiter.close()
      feed.close()
      await db.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function createTestOrganization(context: ServiceContext, name: string): Promise<TestOrganization> {
  const { id: organizationId } = await createOrganization(context, { name })
  const test = await createApiKey(context, { organizationId, mode: 'test', name: 'test' })
  const live = await createApiKey(context, { organizationId, mode: 'live', name: 'live' })
  const revoked = await createApiKey(context, { organizationId, mode: 'test', name: 'revoked' })
  await revokeApiKey(context, { organizationId, keyId: revoked.id })
  const assistant = await createAssistant(context, { organizationId, settings: { name: 'Ada' } })
  return {
    organizationId,
    testKey: test.key,
    liveKey: live.key,
    revokedKey: revoked.key,
    assistantId: assistant.id,
  }
}

/** A queued test call of an organization. */
export async function seedCall(
  { context }: Pick<TestServer, 'context'>,
  owner: TestOrganization,
  patch: { phone_number?: string; webhook_url?: string; metadata?: Record<string, never> } = {},
): Promise<string> {
  const { body } = await createCall(context, {
    organizationId: owner.organizationId,
    mode: 'test',
    request: { phone_number: '+12025550100', assistant_id: owner.assistantId, ...patch },
    idempotency: null,
  })
  return (JSON.parse(body) as { id: string }).id
}

/** The body of an answer, in the shape the test expects. */
export async function bodyOf<T>(response: Response): Promise<T> {
  return (await response.json()) as T
}

export interface ShownProblem {
  type: string
  code: string
  status: number
  detail: string
  request_id: string
  errors: { pointer: string; message: string }[]
}

/** An error answer, its form checked on the way. */
export async function problemOf(response: Response): Promise<ShownProblem> {
  const body = await bodyOf<ShownProblem>(response)
  if (response.headers.get('content-type') !== 'application/problem+json' || body.status !== response.status)
    throw new Error(`not a problem document: ${response.status} ${JSON.stringify(body)}`)
  if (body.request_id !== response.headers.get('x-request-id')) throw new Error('the request id differs')
  return body
}
