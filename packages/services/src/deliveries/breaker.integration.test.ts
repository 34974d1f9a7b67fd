/** Goal: a receiver that is down is asked seldom, loses nothing, and is served again at once when it is back. Method: a real database, a clock that is moved. */
import { openDatabase } from '@phonevoice/db'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { callEvent, writeCallChange } from '../calls/call-writer.ts'
import {
  createWebhookEndpoint,
  getWebhookEndpoint,
  updateWebhookEndpoint,
} from '../webhook-endpoints/index.ts'
import { createTestWorld, insertCall, insertOrganization, type TestWorld } from '../work/test-world.ts'
import { BREAKER_FAILURES_MAX, BREAKER_OPEN_MS, BREAKER_PROBE_MS, DISABLE_AFTER_MS } from './breaker.ts'
import { deleteOldBreakers } from './delete-old-breakers.ts'
import {
  abandonDelivery,
  type ClaimedDelivery,
  claimDeliveries,
  listDeliveries,
  recordAttempt,
} from './index.ts'

const FIRST_OPEN_MS = BREAKER_OPEN_MS[0]!

let world: TestWorld
let organizationId: string
beforeAll(async () => {
  world = await createTestWorld(inject('postgresUrl'))
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.database
    .sql`truncate breakers, delivery_attempts, deliveries, endpoint_events, webhook_endpoints`
  organizationId = await insertOrganization(world.ctx)
  world.wakeUps.length = 0
})

interface CallOptions {
  events?: number
  url?: string | null
  organization?: string
}

/** A call with events that wait for `url` (null: for endpoints only). */
async function call({
  events = 1,
  url = 'https://down.example/hook',
  organization = organizationId,
}: CallOptions = {}) {
  const { ctx } = world
  const callId = await insertCall(ctx, {
    organizationId: organization,
    webhookUrl: url,
    webhookEvents: ['call.ended'],
  })
  const data = { status: 'completed', ended_reason: 'caller_hung_up', duration_seconds: 1 } as const
  await writeCallChange(ctx, {
    callId,
    fromStatuses: ['queued'],
    events: Array.from({ length: events }, () => callEvent('call.ended', ctx.clock.now(), data)),
  })
  return callId
}

async function calls(count: number, options: CallOptions = {}): Promise<void> {
  for (let i = 0; i < count; i++) await call(options)
}

async function endpoint(url: string) {
  const key = { organizationId, mode: 'test' as const }
  const { resource } = await createWebhookEndpoint(world.ctx, {
    ...key,
    request: { url, events: ['call.ended', 'endpoint.disabled'] },
  })
  return { ...key, endpointId: resource.id }
}

const claim = async (limit = 100, ctx = world.ctx) => (await claimDeliveries(ctx, { limit })).deliveries

function end(delivery: ClaimedDelivery, responseStatus: number | null) {
  return recordAttempt(world.ctx, {
    delivery,
    startedAtMs: world.clock.now(),
    durationMs: 5,
    responseStatus,
    responseExcerpt: null,
    error: responseStatus === null ? 'timeout: late' : null,
    retryAfterMs: null,
    random: 0.5,
  })
}

async function fail(deliveries: readonly ClaimedDelivery[], status: number | null = 503): Promise<void> {
  for (const delivery of deliveries) await end(delivery, status)
}

async function breaker() {
  const [row] = await world.database.sql<
    { open_until: Date | null; opened: number }[]
  >`select open_until, opened from breakers`
  return row
    ? { openForMs: row.open_until && row.open_until.getTime() - world.clock.now(), opened: row.opened }
    : null
}

/** Opens the breaker of the usual URL. */
async function open(): Promise<void> {
  await calls(BREAKER_FAILURES_MAX)
  await fail(await claim())
  // Their retries come due later than anything in these tests.
  await world.database
    .sql`update deliveries set next_at = next_at + interval '1 day' where next_at is not null`
}

describe('opening', () => {
  test('ten failures in a row open it, timeouts too; what comes due is put off without an attempt', async () => {
    await calls(BREAKER_FAILURES_MAX - 1)
    await fail(await claim(), null)
    expect(await breaker()).toEqual({ openForMs: null, opened: 0 })
    await call()
    await fail(await claim())
    expect(await breaker()).toEqual({ openForMs: FIRST_OPEN_MS, opened: 1 })
    const callId = await call({ events: 2 })
    expect(await claim()).toEqual([])
    const waiting = await listDeliveries(world.ctx, { organizationId, callId, limit: 9 })
    const retryAt = new Date(world.clock.now() + FIRST_OPEN_MS).toISOString()
    expect(waiting).toMatchObject([
      { status: 'pending', next_attempt_at: retryAt, attempts: [] },
      { status: 'pending', next_attempt_at: retryAt, attempts: [] },
    ])
  })

  test('a success in between keeps it closed', async () => {
    for (const _ of [1, 2]) {
      await calls(BREAKER_FAILURES_MAX - 1)
      await fail(await claim())
      await call()
      for (const delivery of await claim()) await end(delivery, 200)
      expect(await breaker()).toBeNull()
    }
  })

  test('failures of what was under way do not open it for longer', async () => {
    await calls(BREAKER_FAILURES_MAX * 3)
    await fail(await claim())
    expect(await breaker()).toEqual({ openForMs: FIRST_OPEN_MS, opened: 1 })
  })

  test('another receiver, and the same URL for another organization, are not affected', async () => {
    await open()
    const other = await insertOrganization(world.ctx)
    await call({ url: 'https://up.example/hook' })
    await call({ organization: other })
    expect(await claim()).toHaveLength(2)
  })

  test('URLs that differ in their query only share it', async () => {
    await open()
    await call({ url: 'https://down.example/hook?call=7' })
    expect(await claim()).toEqual([])
  })

  test('it is a row: a worker with a connection of its own sees it', async () => {
    await open()
    await call()
    const db = openDatabase({ url: world.database.url, connectionsMax: 1 })
    expect(await claim(10, { ...world.ctx, db })).toEqual([])
    await db.close()
  })

  test('thousands put off do not hide what another organization waits for', async () => {
    await open()
    await call({ events: 3000 })
    const other = await insertOrganization(world.ctx)
    world.clock.advance(1)
    await call({ organization: other })
    const claimed = [...(await claim(10)), ...(await claim(10))]
    expect(claimed.map((delivery) => delivery.organizationId)).toEqual([other])
    world.clock.advance(1)
    expect(await claim(10)).toEqual([])
    const [row] = await world.database.sql<{ due: number }[]>`
      select count(*)::int as due from deliveries where next_at <= ${new Date(world.clock.now())}`
    expect(row?.due).toBe(0)
  })
})

test('a receiver that nothing has been sent to for ten days is forgotten', async () => {
  await open()
  world.clock.advance(2 * DISABLE_AFTER_MS)
  expect(await deleteOldBreakers(world.ctx, { limit: 10 })).toBe(0)
  world.clock.advance(1)
  expect(await deleteOldBreakers(world.ctx, { limit: 10 })).toBe(1)
  expect(await breaker()).toBeNull()
})

describe('half-open', () => {
  test('one delivery probes, however many claim at once', async () => {
    await open()
    await calls(12)
    expect(await claim()).toEqual([])
    world.clock.advance(FIRST_OPEN_MS)
    const claims = await Promise.all(Array.from({ length: 6 }, () => claim()))
    expect(claims.flat()).toHaveLength(1)
    expect(await claim()).toEqual([])
  })

  test('a probe that succeeds lets everything go, in the order of each call', async () => {
    await open()
    await call({ events: 3 })
    await calls(4)
    await claim()
    world.clock.advance(FIRST_OPEN_MS)
    const [probe, ...others] = await claim()
    expect([probe?.event.sequence, others]).toEqual([1, []])
    world.wakeUps.length = 0
    await end(probe!, 204)
    expect(await breaker()).toBeNull()
    expect(world.wakeUps.length).toBeGreaterThanOrEqual(4)
    const rounds: number[][] = []
    for (let claimed = await claim(); claimed.length > 0; claimed = await claim()) {
      rounds.push(claimed.map((delivery) => delivery.event.sequence).sort())
      for (const delivery of claimed) await end(delivery, 200)
    }
    // Seven in all with the probe, which may have been the call of three.
    expect(rounds.flat()).toHaveLength(6)
    expect([rounds.at(-1), rounds.at(-2)?.at(-1)]).toEqual([[3], 2])
  })

  test('a probe that fails opens it for longer each time, up to five minutes', async () => {
    await open()
    await calls(2)
    const openMs: (number | null | undefined)[] = []
    for (let i = 0; i < 6; i++) {
      await claim()
      world.clock.advance((await breaker())?.openForMs ?? 0)
      const [probe, ...others] = await claim()
      expect(others).toEqual([])
      await end(probe!, null)
      openMs.push((await breaker())?.openForMs)
    }
    expect([FIRST_OPEN_MS, ...openMs]).toEqual([...BREAKER_OPEN_MS, 300_000, 300_000])
  })

  test('however many were put off, none of them keeps a later event of its call waiting', async () => {
    await open()
    await call({ events: 4500 })
    for (let i = 0; i < 3; i++) await claim()
    world.clock.advance(FIRST_OPEN_MS)
    const [probe] = await claim()
    for (let i = 0; i < 3; i++) await claim()
    await end(probe!, 200)
    const [row] = await world.database.sql<{ waiting: number }[]>`
      select count(*)::int as waiting from deliveries where first_started_at is null and next_at > ${new Date(world.clock.now())}`
    expect(row?.waiting).toBe(0)
  })

  test('a new URL lets everything go at once', async () => {
    const key = await endpoint('https://down.example')
    await calls(BREAKER_FAILURES_MAX, { url: null })
    await fail(await claim())
    await call({ url: null })
    expect(await claim()).toEqual([])
    await updateWebhookEndpoint(world.ctx, { ...key, patch: { url: 'https://up.example' } })
    expect((await claim()).map((delivery) => delivery.url)).toEqual(['https://up.example'])
  })

  test('when the probe’s worker dies, another delivery probes', async () => {
    await open()
    await calls(2)
    await claim()
    world.clock.advance(FIRST_OPEN_MS)
    expect(await claim()).toHaveLength(1)
    world.clock.advance(BREAKER_PROBE_MS - 1)
    expect(await claim()).toEqual([])
    world.clock.advance(1)
    expect(await claim()).toHaveLength(1)
  })
})

describe('disabling an endpoint', () => {
  test('410 disables it at once, what waits is given up, and the others are told', async () => {
    const [gone, other] = [await endpoint('https://gone.example'), await endpoint('https://other.example')]
    await call({ url: null, events: 2 })
    const claimed = await claim()
    world.wakeUps.length = 0
    const failing = claimed.find((delivery) => delivery.endpointId === gone.endpointId)!
    expect(await end(failing, 410)).toEqual({ status: 'failed', reason: 'gone' })
    const at = new Date(world.clock.now()).toISOString()
    expect(await getWebhookEndpoint(world.ctx, gone)).toMatchObject({
      enabled: false,
      disabled_reason: 'gone',
      disabled_at: at,
      breaker: { state: 'closed' },
    })
    const next = await claim()
    const told = next.find((delivery) => delivery.event.type === 'endpoint.disabled')
    expect(world.wakeUps).toContainEqual({ kind: 'delivery', id: told?.id })
    expect(told).toMatchObject({ endpointId: other.endpointId, callId: null, url: 'https://other.example' })
    expect(JSON.parse(told!.body)).toMatchObject({
      event: 'endpoint.disabled',
      call_id: null,
      sequence: null,
      data: { endpoint_id: gone.endpointId, url: 'https://gone.example', reason: 'gone', disabled_at: at },
    })
    const waiting = next.find((delivery) => delivery.endpointId === gone.endpointId)!
    expect(waiting.obstacle).toBe('endpoint_disabled')
    await abandonDelivery(world.ctx, waiting)
    const { statistics } = await getWebhookEndpoint(world.ctx, gone)
    expect(statistics).toMatchObject({ failed: 2, pending: 0, attempts: 1 })
  })

  test('a call’s own URL that answers 410 loses that event only', async () => {
    await call({ events: 2 })
    const [first] = await claim()
    await end(first!, 410)
    expect(await claim()).toHaveLength(1)
  })

  async function failFor(key: Awaited<ReturnType<typeof endpoint>>, ms: number) {
    const endMs = world.clock.now() + ms
    while (world.clock.now() <= endMs) {
      await call({ url: null })
      const claimed = (await claim()).filter((delivery) => delivery.endpointId === key.endpointId)
      await fail(claimed)
      world.clock.advance(6 * 3_600_000)
    }
  }

  test('five days of nothing but failures disable it; one success in between starts the count anew', async () => {
    const [bad, other] = [await endpoint('https://bad.example'), await endpoint('https://other.example')]
    await updateWebhookEndpoint(world.ctx, { ...bad, patch: { events: ['call.ended'] } })
    await failFor(bad, DISABLE_AFTER_MS - 12 * 3_600_000)
    await call({ url: null })
    const [one] = (await claim()).filter((delivery) => delivery.endpointId === bad.endpointId)
    await end(one!, 200)
    await failFor(bad, DISABLE_AFTER_MS - 12 * 3_600_000)
    expect(await getWebhookEndpoint(world.ctx, bad)).toMatchObject({ enabled: true })
    const before = world.clock.now()
    await failFor(bad, 24 * 3_600_000)
    const disabled = await getWebhookEndpoint(world.ctx, bad)
    expect(disabled).toMatchObject({
      enabled: false,
      disabled_reason: 'failing',
      breaker: { retry_at: null },
    })
    expect(Date.parse(disabled.disabled_at!)).toBeGreaterThanOrEqual(before)
    const told = await world.database.sql<{ endpoint_id: string }[]>`
      select d.endpoint_id from deliveries d join endpoint_events e on e.id = d.event_id where e.type = 'endpoint.disabled'`
    expect([...told]).toEqual([{ endpoint_id: other.endpointId }])
    await updateWebhookEndpoint(world.ctx, { ...bad, patch: { enabled: true } })
    expect(await getWebhookEndpoint(world.ctx, bad)).toMatchObject({
      enabled: true,
      disabled_reason: null,
      breaker: { state: 'closed', consecutive_failures: 0 },
    })
  })
})
