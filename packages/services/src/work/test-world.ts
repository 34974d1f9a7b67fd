/** A database with an organization and calls in it, for the tests of the folders that work on them. */
import { randomBytes } from 'node:crypto'
import { createTestClock, newId, silentLog, type TestClock } from '@phonevoice/base'
import type { CallStatus, EventType } from '@phonevoice/contracts'
import { DEFAULT_ASSISTANT, DEFAULT_WEBHOOK_EVENTS } from '@phonevoice/contracts'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import type { BusMessage, ServiceContext, WakeUp } from '../context.ts'
import { createSecretBox, masterKey } from '../secrets/index.ts'

export interface TestWorld {
  ctx: ServiceContext
  clock: TestClock
  database: TestDatabase
  /** What was woken and published so far. */
  wakeUps: WakeUp[]
  messages: BusMessage[]
  close(): Promise<void>
}

export async function createTestWorld(postgresUrl: string): Promise<TestWorld> {
  const database = await createTestDatabase(postgresUrl)
  const clock = createTestClock(Date.parse('2026-11-20T12:00:00Z'))
  const wakeUps: WakeUp[] = []
  const messages: BusMessage[] = []
  const ctx: ServiceContext = {
    db: database,
    clock,
    log: silentLog,
    secrets: createSecretBox({ db: database, clock, masterKeys: [masterKey(randomBytes(32))] }),
    wake: (wakeUp) => void wakeUps.push(wakeUp),
    publish: (message) => void messages.push(message),
    settings: {
      apiOrigin: 'https://api.test',
      sandbox: { carrierUrl: 'http://127.0.0.1:1', accountSid: 'ACsandbox', authToken: 'token' },
    },
  }
  return { ctx, clock, database, wakeUps, messages, close: () => database.drop() }
}

export async function insertOrganization(ctx: ServiceContext): Promise<string> {
  const id = newId('organization')
  const sealed = await ctx.secrets.seal(id, 'whsec_c2VjcmV0', `webhook-secret:${id}`)
  await ctx.db.sql`insert into organizations (id, name, webhook_secret_sealed, created_at)
    values (${id}, 'Test', ${sealed}, ${new Date(ctx.clock.now())})`
  return id
}

export interface InsertCall {
  organizationId: string
  status?: CallStatus
  phoneNumber?: string
  webhookUrl?: string | null
  webhookEvents?: readonly EventType[]
  assistant?: Record<string, unknown>
  isRecorded?: boolean
  metadata?: Record<string, string>
}

/** Inserts a call without events; `writeCallChange` does the rest. */
export async function insertCall(ctx: ServiceContext, input: InsertCall): Promise<string> {
  const id = newId('call')
  const now = new Date(ctx.clock.now())
  const assistant = JSON.stringify({ ...DEFAULT_ASSISTANT, name: 'Test', ...input.assistant })
  await ctx.db.sql`
    insert into calls (id, organization_id, mode, direction, status, phone_number, from_number, assistant_id, assistant, webhook_url,
      webhook_events, metadata, variables, is_recorded, ring_timeout_seconds, max_duration_seconds, created_at, last_seen_at, last_sequence)
    values (${id}, ${input.organizationId}, 'test', 'outbound', ${input.status ?? 'queued'}, ${input.phoneNumber ?? '+12025550100'},
      '+12025550199', 'asst_test', ${assistant}::text::jsonb, ${input.webhookUrl === undefined ? 'http://127.0.0.1:9/hook' : input.webhookUrl},
      ${(input.webhookEvents ?? DEFAULT_WEBHOOK_EVENTS) as string[]}, ${JSON.stringify(input.metadata ?? {})}, '{}',
      ${input.isRecorded ?? false}, 30, 600, ${now}, ${now}, 0)`
  return id
}

/** Inserts a work item that is due now. */
export async function insertWork(
  ctx: ServiceContext,
  input: { callId: string; kind: 'dial' | 'finish' | 'hang-up'; detail?: string },
): Promise<string> {
  const id = newId('work')
  const now = new Date(ctx.clock.now())
  await ctx.db.sql`insert into work_items (id, call_id, kind, detail, created_at, next_at)
    values (${id}, ${input.callId}, ${input.kind}, ${input.detail ?? ''}, ${now}, ${now})`
  return id
}
