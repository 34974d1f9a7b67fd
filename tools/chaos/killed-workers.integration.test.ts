/**
 * Goal: whatever happens to workers, no event is lost, invented, or out of order. Method: real worker processes on a real database deliver to two
 * receivers, one of which fails now and then at first; they are killed without warning and replaced while events are written; then the checker judges.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newId, silentLog, systemClock } from '@phonevoice/base'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import { migrateQueue } from '@phonevoice/queue'
import { recordUtterance } from '@phonevoice/services/calls'
import type { ServiceContext } from '@phonevoice/services/context'
import { createOrganization } from '@phonevoice/services/organizations'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import { createWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { checkDeliveries } from './check-deliveries.ts'
import { readDeliveryFacts } from './delivery-facts.ts'
import type { Receipt } from './receipts.ts'

const CALLS = 40
const EVENTS_OF_CALL = 4
const KILLS = EVENTS_OF_CALL
const SECRETS_KEY = Buffer.alloc(32, 7)

let db: TestDatabase
let folder: string
const workers = new Set<ChildProcess>()
const servers: Server[] = []

beforeAll(async () => {
  db = await createTestDatabase(inject('postgresUrl'))
  await migrateQueue(db.url)
  folder = await mkdtemp(join(tmpdir(), 'pv-chaos-'))
})
afterAll(async () => {
  await Promise.all([...workers].map(kill))
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  await db.drop()
  await rm(folder, { recursive: true, force: true })
})

function startWorker(): ChildProcess {
  const main = fileURLToPath(new URL('../../apps/worker/src/main.ts', import.meta.url))
  const worker = spawn(process.execPath, ['--import', 'tsx', main], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: db.url,
      API_PUBLIC_ORIGIN: 'http://127.0.0.1:1',
      STORAGE_DIR: folder,
      SECRETS_KEY: SECRETS_KEY.toString('base64'),
      OUTBOUND_ALLOWED_RANGES: '127.0.0.0/8',
      LOG_LEVEL: 'silent',
    },
  })
  workers.add(worker)
  return worker
}

async function kill(worker: ChildProcess): Promise<void> {
  workers.delete(worker)
  if (worker.exitCode !== null || worker.signalCode !== null) return
  const gone = once(worker, 'exit')
  worker.kill('SIGKILL')
  await gone
}

/** Writes everything down before it answers, some milliseconds later, with what `statusOf` says. */
async function startReceiver(receipts: Receipt[], statusOf: (count: number) => number): Promise<string> {
  let count = 0
  let url = ''
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const status = statusOf(++count)
      receipts.push({ received_at_ms: Date.now(), url, body: Buffer.concat(chunks).toString(), status })
      setTimeout(() => response.writeHead(status).end(), count % 20)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?of=test`
  return url
}

test('killed workers lose nothing, invent nothing and keep the order', { timeout: 180_000 }, async () => {
  const ctx: ServiceContext = {
    db,
    clock: systemClock,
    log: silentLog,
    secrets: createSecretBox({ db, masterKeys: [masterKey(SECRETS_KEY)] }),
    wake() {},
    publish() {},
    settings: { apiOrigin: 'http://127.0.0.1:1', sandbox: null },
  }
  const receipts: Receipt[] = []
  const own = await startReceiver(receipts, () => 204)
  const moody = await startReceiver(receipts, (count) => (count < 100 && count % 7 === 0 ? 503 : 200))
  const { id: organizationId } = await createOrganization(ctx, { name: 'Test' })
  await createWebhookEndpoint(ctx, {
    organizationId,
    mode: 'test',
    request: { url: moody, events: ['transcription'] },
  })
  const callIds = await Promise.all(Array.from({ length: CALLS }, () => insertCall(organizationId, own)))

  const alive = [startWorker(), startWorker()]
  let kills = 0
  for (let turn = 1; turn <= EVENTS_OF_CALL; turn++) {
    for (const callId of callIds) await recordUtterance(ctx, { callId, utterance: utterance(turn) })
    // At a moment when deliveries are being made, by the look of it.
    const before = receipts.length
    await expect
      .poll(() => receipts.length, { timeout: 60_000, interval: 5 })
      .toBeGreaterThan(before + 10 * (turn % 3))
    await kill(alive.shift()!)
    alive.push(startWorker())
    kills += 1
  }
  expect(kills).toBe(KILLS)
  await expect
    .poll(async () => (await db.sql`select 1 from deliveries where status = 'pending'`).length, {
      timeout: 120_000,
      interval: 200,
    })
    .toBe(0)
  await Promise.all(alive.map(kill))

  const facts = await readDeliveryFacts(db.sql)
  expect(facts.deliveries).toHaveLength(CALLS * EVENTS_OF_CALL * 2)
  expect(checkDeliveries(facts, receipts)).toEqual([])
})

async function insertCall(organizationId: string, webhookUrl: string): Promise<string> {
  const callId = newId('call')
  const now = new Date()
  await db.sql`insert into calls (id, organization_id, mode, direction, status, phone_number, from_number, assistant_id, assistant, webhook_url,
      webhook_events, metadata, variables, is_recorded, ring_timeout_seconds, max_duration_seconds, created_at, last_seen_at, last_sequence)
    values (${callId}, ${organizationId}, 'test', 'outbound', 'in_progress', '+12025550100', '+12025550199', 'asst_x', '{}'::jsonb, ${webhookUrl},
      ${['transcription']}, '{}', '{}', false, 30, 600, ${now}, ${now}, 0)`
  return callId
}

function utterance(turn: number) {
  return {
    turn,
    role: 'user' as const,
    text: 'é',
    text_planned: null,
    interrupted: false,
    start_ms: 0,
    end_ms: 1,
  }
}
