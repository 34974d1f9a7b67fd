/**
 * Goal: deliveries arrive signed, in order and once, beside slow, dead and hostile receivers, with the queue there or not. Method: a real database
 * and real HTTP receivers; the worker runs on the system's clock, and tests wait for conditions.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId, silentLog, systemClock } from '@phonevoice/base'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import { createGuardedClient, type GuardedClient } from '@phonevoice/outbound-http'
import { createWakeListener, createWakeQueue, migrateQueue } from '@phonevoice/queue'
import type { ServiceContext, WakeUp } from '@phonevoice/services/context'
import { claimDeliveries, getDelivery } from '@phonevoice/services/deliveries'
import { createOrganization, getWebhookSecret, rotateWebhookSecret } from '@phonevoice/services/organizations'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import { verifyStandardWebhook, verifyWebhook } from '@phonevoice/signing'
import { createFolderStorage } from '@phonevoice/storage'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { createWorker, type Worker } from './index.ts'

let database: TestDatabase
let client: GuardedClient
let ctx: ServiceContext
let folder: string
let organizationId: string
const cleanUp: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  await migrateQueue(database.url)
  client = createGuardedClient({ allowedRanges: ['127.0.0.0/8'] })
  folder = await mkdtemp(join(tmpdir(), 'pv-worker-'))
  ctx = {
    db: database,
    clock: systemClock,
    log: silentLog,
    secrets: createSecretBox({ db: database, masterKeys: [masterKey(randomBytes(32))] }),
    wake: () => {},
    publish: () => {},
    settings: { apiOrigin: 'http://127.0.0.1:1', sandbox: null },
  }
})
afterAll(async () => {
  await client.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  await database.sql`truncate delivery_attempts, deliveries, work_items, call_events, calls cascade`
  organizationId = (await createOrganization(ctx, { name: 'Test' })).id
})
afterEach(async () => {
  for (const close of cleanUp.splice(0).reverse()) await close()
})

function startWorker(overrides: Partial<Parameters<typeof createWorker>[0]> = {}): Worker {
  const worker = createWorker({
    ctx,
    client,
    storage: createFolderStorage(folder),
    openai: { test: null, live: null },
    timers: systemClock,
    log: silentLog,
    ...overrides,
  })
  worker.start()
  cleanUp.push(() => worker.stop(500))
  return worker
}

interface Receipt {
  headers: IncomingMessage['headers']
  body: string
  event: { id: string; call_id: string; sequence: number }
  atMs: number
}

async function receiver(
  answer: (receipt: Receipt, response: ServerResponse) => void = (_, response) =>
    void response.writeHead(204).end(),
): Promise<{ url: string; receipts: Receipt[] }> {
  const receipts: Receipt[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const receipt = { headers: request.headers, body, event: JSON.parse(body), atMs: Date.now() }
      receipts.push(receipt)
      answer(receipt, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, receipts }
}

/** An ended call whose `count` events wait to be delivered to `url`. */
async function callWithEvents(url: string, count: number): Promise<string> {
  const callId = newId('call')
  const now = new Date()
  await database.sql`insert into calls (id, organization_id, mode, direction, status, phone_number, from_number, assistant_id, assistant,
      webhook_url, webhook_events, metadata, variables, is_recorded, ring_timeout_seconds, max_duration_seconds, created_at, last_seen_at,
      ended_at, ended_reason, last_sequence)
    values (${callId}, ${organizationId}, 'test', 'outbound', 'completed', '+12025550100', '+12025550199', 'asst_x', '{}'::jsonb, ${url},
      ${['transcription']}, '{}', '{}', false, 30, 600, ${now}, ${now}, ${now}, 'caller_hung_up', ${count})`
  for (let sequence = 1; sequence <= count; sequence++) {
    const eventId = newId('event')
    await database.sql`insert into call_events (id, call_id, sequence, type, occurred_at, data)
      values (${eventId}, ${callId}, ${sequence}, 'transcription', ${now}, ${`{"text":"é ${sequence}"}`})`
    await database.sql`insert into deliveries (id, organization_id, mode, call_id, event_id, sequence, target, url, status, created_at, next_at)
      values (${newId('delivery')}, ${organizationId}, 'test', ${callId}, ${eventId}, ${sequence}, ${url}, ${url}, 'pending', ${now}, ${now})`
  }
  return callId
}

const sequences = (receipts: readonly Receipt[]): number[] =>
  receipts.map((receipt) => receipt.event.sequence)

describe('deliveries', () => {
  test('arrive in order, once, and verify with both kinds of signature', async () => {
    const { url, receipts } = await receiver()
    await callWithEvents(url, 5)
    startWorker()
    await expect.poll(() => sequences(receipts), { timeout: 10_000 }).toEqual([1, 2, 3, 4, 5])
    const { current } = await getWebhookSecret(ctx, { organizationId })
    const nowSeconds = Math.floor(Date.now() / 1000)
    for (const { body, headers, event } of receipts) {
      const header = headers['phonevoice-signature'] as string
      expect(verifyWebhook({ secret: current, body, header, nowSeconds }).ok).toBe(true)
      expect(
        verifyStandardWebhook({
          secret: current,
          body,
          headers: headers as Record<string, string>,
          nowSeconds,
        }).ok,
      ).toBe(true)
      expect(headers['webhook-id']).toBe(event.id)
      expect(JSON.stringify(JSON.parse(body))).toBe(body)
      expect(headers['content-type']).toBe('application/json')
    }
    await expect.poll(() => countOpen()).toBe(0)
    expect(receipts).toHaveLength(5)
  })

  test('carry the next signature beside the old one while a secret is rotated', async () => {
    const { url, receipts } = await receiver()
    const { next } = await rotateWebhookSecret(ctx, { organizationId })
    await callWithEvents(url, 1)
    startWorker()
    await expect.poll(() => receipts.length, { timeout: 10_000 }).toBe(1)
    const { body, headers } = receipts[0]!
    const nowSeconds = Math.floor(Date.now() / 1000)
    const { current } = await getWebhookSecret(ctx, { organizationId })
    expect(
      verifyWebhook({ secret: current, body, header: headers['phonevoice-signature'] as string, nowSeconds })
        .ok,
    ).toBe(true)
    expect(
      verifyWebhook({
        secret: next,
        body,
        header: headers['phonevoice-signature-next'] as string,
        nowSeconds,
      }).ok,
    ).toBe(true)
    for (const secret of [current, next])
      expect(
        verifyStandardWebhook({ secret, body, headers: headers as Record<string, string>, nowSeconds }).ok,
      ).toBe(true)
  })

  test('are tried again with the same event id after a failure', async () => {
    let failures = 0
    const { url, receipts } = await receiver(
      (_, response) => void response.writeHead(failures++ === 0 ? 500 : 200).end('sorry'),
    )
    await callWithEvents(url, 1)
    startWorker()
    await expect.poll(() => receipts.length, { timeout: 15_000 }).toBe(2)
    expect(receipts[1]?.event.id).toBe(receipts[0]?.event.id)
    expect(receipts[1]!.atMs - receipts[0]!.atMs).toBeGreaterThan(3900)
    await expect.poll(() => countOpen()).toBe(0)
  })

  test('that a dead worker held are resumed when its lease ends', async () => {
    const { url, receipts } = await receiver()
    const callId = await callWithEvents(url, 2)
    const {
      deliveries: [held],
    } = await claimDeliveries(ctx, { limit: 10, leaseMs: 600 })
    expect(held).toMatchObject({ callId, event: { sequence: 1 } })
    startWorker()
    await expect.poll(() => sequences(receipts), { timeout: 10_000 }).toEqual([1, 2])
    expect(receipts[0]?.event.id).toBe(held?.event.id)
    const delivery = await getDelivery(ctx, { organizationId, mode: 'test', deliveryId: held!.id })
    expect(delivery).toMatchObject({ status: 'delivered', attempts: [{ number: 2, response_status: 204 }] })
  })

  test('to good receivers do not wait for silent, dripping and endless ones', async () => {
    const silent = await receiver(() => {})
    const dripping = await receiver((_, response) => {
      response.writeHead(200, { 'content-length': '1000000' })
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const endless = await receiver((_, response) => {
      const more = () => {
        if (response.write(Buffer.alloc(65_536, 'x'))) setImmediate(more)
      }
      response.on('drain', more)
      more()
    })
    for (const { url } of [silent, dripping, endless])
      for (let i = 0; i < 3; i++) await callWithEvents(url, 1)
    const good = await receiver()
    for (let i = 0; i < 10; i++) await callWithEvents(good.url, 1)
    startWorker()
    await expect.poll(() => good.receipts.length, { timeout: 5000 }).toBe(10)
    // An endless 200 is a success as soon as enough of it is read.
    await expect
      .poll(
        async () =>
          (await database.sql`select 1 from deliveries where url = ${endless.url} and status = 'delivered'`)
            .length,
        { timeout: 5000 },
      )
      .toBe(3)
  })

  test('to an inner address are refused and recorded, not made', async () => {
    const inner = await receiver()
    const guarded = createGuardedClient({ allowedRanges: [] })
    cleanUp.push(() => guarded.close())
    const callId = await callWithEvents(inner.url, 1)
    startWorker({ client: guarded })
    await expect
      .poll(
        async () => (await database.sql<{ error: string }[]>`select error from delivery_attempts`)[0]?.error,
        { timeout: 5000 },
      )
      .toMatch(/^blocked-address: /)
    expect(inner.receipts).toEqual([])
    expect(callId).toBeTruthy()
  })

  test('are shared by several workers without a double', async () => {
    const { url, receipts } = await receiver()
    for (let i = 0; i < 30; i++) await callWithEvents(url, 2)
    for (let i = 0; i < 3; i++) startWorker()
    await expect.poll(() => receipts.length, { timeout: 15_000 }).toBe(60)
    await expect.poll(() => countOpen()).toBe(0)
    expect(new Set(receipts.map((receipt) => receipt.event.id)).size).toBe(60)
    expect(receipts).toHaveLength(60)
  })
})

describe('wake-ups', () => {
  test('make a delivery start at once, through the queue', async () => {
    const connection = { redisUrl: inject('redisUrl'), postgresUrl: database.url, log: silentLog }
    const { url, receipts } = await receiver()
    const woken: WakeUp[] = []
    const worker = startWorker()
    const listener = createWakeListener<WakeUp>({
      ...connection,
      onWake: (wakeUp) => {
        woken.push(wakeUp)
        worker.onWake(wakeUp)
      },
    })
    await listener.ready()
    const queue = createWakeQueue<WakeUp>(connection)
    cleanUp.push(
      () => listener.close(),
      () => queue.close(),
    )
    await callWithEvents(url, 1)
    const [row] = await database.sql<{ id: string }[]>`select id from deliveries`
    queue.wake({ kind: 'delivery', id: row!.id })
    await expect.poll(() => woken.length, { timeout: 5000 }).toBeGreaterThan(0)
    await expect.poll(() => receipts.length, { timeout: 5000 }).toBe(1)
  })
})

test('what nobody will ask for again is removed', async () => {
  const callId = await callWithEvents('http://127.0.0.1:1/', 0)
  const long = new Date(Date.now() - 2 * 3_600_000)
  const storage = createFolderStorage(folder)
  await storage.put('recordings/part', Buffer.from('audio'))
  await storage.put('recordings/call.wav', Buffer.from('audio'))
  await database.sql`update calls set completed_at = ${long} where id = ${callId}`
  await database.sql`insert into recordings (id, call_id, status, storage_key, created_at)
    values ('rec_1', ${callId}, 'ready', 'recordings/call.wav', ${long})`
  await database.sql`insert into streams (id, call_id, node_id, token_hash, minted_at, expires_at)
    values ('strm_1', ${callId}, 'node_1', 'hash', ${long}, ${long})`
  await database.sql`insert into recording_parts (stream_id, number, storage_key, offset_ms, duration_ms, is_last)
    values ('strm_1', 1, 'recordings/part', 0, 1000, true)`
  await database.sql`insert into idempotency_keys (organization_id, key, request_hash, response_status, response_body, created_at)
    values (${organizationId}, 'k', 'h', 201, '{}', ${new Date(Date.now() - 25 * 3_600_000)})`
  startWorker()
  await expect.poll(() => storage.list('recordings/')).toEqual(['recordings/call.wav'])
  await expect.poll(() => database.sql`select 1 from recording_parts`).toHaveLength(0)
  expect(await database.sql`select 1 from idempotency_keys`).toHaveLength(0)
})

describe('stopping', () => {
  test('lets a delivery in hand come to its end', async () => {
    let finish = () => {}
    const { url, receipts } = await receiver((_, response) => {
      finish = () => void response.writeHead(200).end()
    })
    await callWithEvents(url, 1)
    const worker = startWorker()
    await expect.poll(() => receipts.length, { timeout: 5000 }).toBe(1)
    const stopped = worker.stop(10_000)
    finish()
    await stopped
    expect(await countOpen()).toBe(0)
  })

  test('ends in time with a receiver that never answers, and the delivery is not lost', async () => {
    const { url, receipts } = await receiver(() => {})
    await callWithEvents(url, 1)
    const worker = startWorker()
    await expect.poll(() => receipts.length, { timeout: 5000 }).toBe(1)
    const startedMs = performance.now()
    await worker.stop(200)
    expect(performance.now() - startedMs).toBeLessThan(3000)
    expect(await countOpen()).toBe(1)
  })
})

async function countOpen(): Promise<number> {
  return (await database.sql`select 1 from deliveries where next_at is not null`).length
}
