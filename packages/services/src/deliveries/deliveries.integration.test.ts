import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { callEvent, writeCallChange } from '../calls/call-writer.ts'
import { LEASE_MS, renewLeases } from '../work/index.ts'
import { createTestWorld, insertCall, insertOrganization, type TestWorld } from '../work/test-world.ts'
import {
  type ClaimedDelivery,
  claimDeliveries,
  getDelivery,
  IN_FLIGHT_PER_ORGANIZATION_MAX,
  listDeliveries,
  recordAttempt,
  recordSuccesses,
} from './index.ts'

let world: TestWorld
let organizationId: string
beforeAll(async () => {
  world = await createTestWorld(inject('postgresUrl'))
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.database.sql`delete from delivery_attempts`
  await world.database.sql`delete from deliveries`
  organizationId = await insertOrganization(world.ctx)
  world.wakeUps.length = 0
})

/** A call with `count` events, each with its delivery. */
async function callWithDeliveries(
  count: number,
  organization = organizationId,
  webhookUrl = 'https://example.com/hook',
): Promise<string> {
  const { ctx } = world
  const callId = await insertCall(ctx, {
    organizationId: organization,
    webhookUrl,
    webhookEvents: ['call.ended'],
  })
  const events = Array.from({ length: count }, (_, index) =>
    callEvent('call.ended', ctx.clock.now(), {
      status: 'completed',
      ended_reason: 'caller_hung_up',
      duration_seconds: index,
    }),
  )
  await writeCallChange(ctx, { callId, fromStatuses: ['queued'], events })
  return callId
}

const sequences = (claimed: readonly ClaimedDelivery[]): number[] =>
  claimed.map((delivery) => delivery.event.sequence)
const claim = async (limit = 100, max?: number): Promise<ClaimedDelivery[]> =>
  (await claimDeliveries(world.ctx, { limit, inFlightPerOrganizationMax: max })).deliveries

function finish(
  delivery: ClaimedDelivery,
  responseStatus: number | null,
  retryAfterMs: number | null = null,
) {
  return recordAttempt(world.ctx, {
    delivery,
    startedAtMs: world.clock.now(),
    durationMs: 12.4,
    responseStatus,
    responseExcerpt: 'a\u0000b\ud800',
    error: responseStatus === null ? 'timeout' : null,
    retryAfterMs,
    random: 0.5,
  })
}

describe('the order of first attempts', () => {
  test('the next event waits until the first attempt before it has ended, and is woken then', async () => {
    await callWithDeliveries(3)
    const [first, ...others] = await claim()
    expect(others).toEqual([])
    expect(first?.event.sequence).toBe(1)
    world.wakeUps.length = 0
    await finish(first!, 500)
    const next = await claim()
    expect(sequences(next)).toEqual([2])
    expect(world.wakeUps).toEqual([{ kind: 'delivery', id: next[0]?.id }])
  })

  test('after fifteen seconds the next event no longer waits, although the first attempt is still running', async () => {
    await callWithDeliveries(2)
    const [first] = await claim()
    for (const step of [5000, 5000, 4999]) {
      world.clock.advance(step)
      await renewLeases(world.ctx, { table: 'deliveries', held: [first!] })
      expect(await claim()).toEqual([])
    }
    world.clock.advance(1)
    expect(sequences(await claim())).toEqual([2])
  })

  test('retries are free: a failing event does not hold up its call', async () => {
    await callWithDeliveries(2)
    const [first] = await claim()
    await finish(first!, 503)
    const [second] = await claim()
    await finish(second!, 200)
    world.clock.advance(5000)
    expect(sequences(await claim())).toEqual([1])
  })

  test('calls do not wait for each other', async () => {
    await callWithDeliveries(2)
    await callWithDeliveries(2)
    expect(sequences(await claim())).toEqual([1, 1])
  })

  test('a delivery whose worker died comes back after its lease with the same event', async () => {
    await callWithDeliveries(1)
    const [first] = await claim()
    world.clock.advance(LEASE_MS)
    const [again] = await claim()
    expect(again?.event).toEqual(first?.event)
    expect(again?.attempt).toBe(2)
    expect(await finish(first!, 200)).toBeNull()
    expect(await finish(again!, 200)).toEqual({ status: 'delivered' })
    world.clock.advance(7 * 24 * 3600_000)
    expect(await claim()).toEqual([])
  })
})

test('claims that died with their worker do not make the next attempt wait longer', async () => {
  await callWithDeliveries(1)
  for (let deaths = 0; deaths < 3; deaths++) {
    expect(await claim()).toHaveLength(1)
    world.clock.advance(LEASE_MS)
  }
  const [first] = await claim()
  expect(first).toMatchObject({ attempt: 4, attemptsMade: 0 })
  expect(await finish(first!, 503)).toEqual({ status: 'pending', nextAtMs: world.clock.now() + 5000 })
  world.clock.advance(5000)
  const [second] = await claim()
  expect(second).toMatchObject({ attempt: 5, attemptsMade: 1 })
  expect(await finish(second!, 503)).toEqual({ status: 'pending', nextAtMs: world.clock.now() + 30_000 })
})

describe('fairness', () => {
  test('an organization holds at most its share, and the others go on', async () => {
    const other = await insertOrganization(world.ctx)
    for (let i = 0; i < 8; i++) await callWithDeliveries(1)
    world.clock.advance(10)
    await callWithDeliveries(1, other)
    const claimed = await claim(100, 3)
    expect(claimed.filter((delivery) => delivery.organizationId === organizationId)).toHaveLength(3)
    expect(claimed.filter((delivery) => delivery.organizationId === other)).toHaveLength(1)
    expect(await claim(100, 3)).toEqual([])
    await finish(claimed.find((delivery) => delivery.organizationId === organizationId)!, 200)
    expect(await claim(100, 3)).toHaveLength(1)
  })

  test('what is slow takes no room from the other receivers, and its own receiver gets no more', async () => {
    for (let i = 0; i < 60; i++) await callWithDeliveries(1, organizationId, 'https://slow.example')
    const slow = await claim()
    expect(slow).toHaveLength(IN_FLIGHT_PER_ORGANIZATION_MAX)
    await callWithDeliveries(1, organizationId, 'https://good.example')
    expect(await claim()).toEqual([])
    world.clock.advance(501)
    expect((await claim()).map(({ url }) => url)).toEqual(['https://good.example'])
    for (const delivery of slow.splice(9)) await finish(delivery, 200)
    expect(await claim()).toHaveLength(10)
  })

  test('says that more may be claimed when a share keeps something back, and only then', async () => {
    const { ctx } = world
    for (let i = 0; i < 4; i++) await callWithDeliveries(2)
    const three = await claimDeliveries(ctx, { limit: 100, inFlightPerOrganizationMax: 3 })
    expect([three.deliveries.length, three.hasMore]).toEqual([3, true])
    const none = await claimDeliveries(ctx, { limit: 100, inFlightPerOrganizationMax: 3 })
    expect([none.deliveries.length, none.hasMore]).toEqual([0, true])
    const last = await claimDeliveries(ctx, { limit: 100 })
    // The second events wait for the first: they are not kept back by a share.
    expect([last.deliveries.length, last.hasMore]).toEqual([1, false])
  })

  test('concurrent claimers never take the same delivery', async () => {
    for (let i = 0; i < 20; i++) await callWithDeliveries(1)
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim(5)))
    const ids = claims.flat().map((delivery) => delivery.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length + (await claim()).length).toBe(20)
  })
})

describe('the record', () => {
  test('of many at once: each is written, those whose lease was lost are not, and the next of each call is woken', async () => {
    const calls = [await callWithDeliveries(2), await callWithDeliveries(2), await callWithDeliveries(1)]
    const claimed = await claim()
    expect(claimed).toHaveLength(3)
    world.wakeUps.length = 0
    const attempts = claimed.map((delivery, index) => ({
      delivery: index === 1 ? { ...delivery, leaseToken: 'lost' } : delivery,
      startedAtMs: world.clock.now(),
      durationMs: 3,
      responseStatus: 204,
      responseExcerpt: 'a"\\{},\u0000',
      error: null,
      retryAfterMs: null,
    }))
    expect(await recordSuccesses(world.ctx, attempts)).toEqual([true, false, true])
    const statusOf = async (callId: string | undefined) => {
      const [delivery] = await listDeliveries(world.ctx, { organizationId, callId: callId ?? '', limit: 1 })
      return [delivery?.status, delivery?.attempts.map((attempt) => attempt.response_excerpt)]
    }
    const callOf = (index: number) => calls.find((callId) => callId === claimed[index]?.callId)
    expect(await statusOf(callOf(0))).toEqual(['delivered', ['a"\\{},\ufffd']])
    expect(await statusOf(callOf(1))).toEqual(['pending', []])
    expect(await statusOf(callOf(2))).toEqual(['delivered', ['a"\\{},\ufffd']])
    const next = await claim()
    expect(next.map(({ event }) => event.sequence)).toEqual(next.map(() => 2))
    expect(world.wakeUps).toHaveLength(next.length)
    expect(world.wakeUps).toEqual(expect.arrayContaining(next.map(({ id }) => ({ kind: 'delivery', id }))))
  })

  test('shows each attempt, the next one, and the end', async () => {
    const callId = await callWithDeliveries(1)
    const [first] = await claim()
    expect(JSON.parse(first!.body)).toMatchObject({ event: 'call.ended', call_id: callId })
    await finish(first!, null)
    const [pending] = await listDeliveries(world.ctx, { organizationId, callId, limit: 10 })
    expect(pending).toMatchObject({
      event: 'call.ended',
      sequence: 1,
      status: 'pending',
      next_attempt_at: new Date(world.clock.now() + 5000).toISOString(),
      attempts: [
        { number: 1, duration_ms: 12, response_status: null, response_excerpt: 'a�b�', error: 'timeout' },
      ],
    })
    world.clock.advance(5000)
    const [second] = await claim()
    await finish(second!, 204)
    const done = await getDelivery(world.ctx, { organizationId, mode: 'test', deliveryId: second!.id })
    expect(done).toMatchObject({ status: 'delivered', next_attempt_at: null })
    expect(done?.attempts.map((attempt) => attempt.number)).toEqual([1, 2])
  })

  test('another organization or mode sees nothing', async () => {
    const callId = await callWithDeliveries(1)
    const [delivery] = await claim()
    const deliveryId = delivery!.id
    const other = await insertOrganization(world.ctx)
    expect(await listDeliveries(world.ctx, { organizationId: other, callId, limit: 10 })).toEqual([])
    expect(await getDelivery(world.ctx, { organizationId: other, mode: 'test', deliveryId })).toBeNull()
    expect(await getDelivery(world.ctx, { organizationId, mode: 'live', deliveryId })).toBeNull()
  })

  test('410 ends it, and Retry-After postpones it', async () => {
    await callWithDeliveries(1)
    const [gone] = await claim()
    expect(await finish(gone!, 410)).toEqual({ status: 'failed', reason: 'gone' })
    await callWithDeliveries(1)
    const [busy] = await claim()
    expect(await finish(busy!, 429, 90_000)).toEqual({
      status: 'pending',
      nextAtMs: world.clock.now() + 90_000,
    })
  })
})
