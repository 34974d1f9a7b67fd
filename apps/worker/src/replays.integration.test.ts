/** Goal: a replay is sent although the event was received before; nothing else is ever sent after a success. Method: the real worker and sockets. */
import { findDeliveries, redeliver, redeliverFailed, requireDelivery } from '@phonevoice/services/deliveries'
import { createWebhookEndpoint, updateWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { createWorkerWorld, type WorkerWorld } from './testing/worker-world.ts'

let world: WorkerWorld
let organizationId: string
beforeAll(async () => {
  world = await createWorkerWorld(inject('postgresUrl'))
})
afterAll(() => world.close())
beforeEach(async () => {
  organizationId = await world.organization()
})
afterEach(() => world.reset())

const mine = () => ({ organizationId, mode: 'test' as const })

async function endpoint(url: string) {
  const { resource } = await createWebhookEndpoint(world.ctx, { ...mine(), request: { url } })
  return { ...mine(), endpointId: resource.id }
}

/** Newest first. */
async function deliveries(status?: 'pending' | 'delivered' | 'failed') {
  return (await findDeliveries(world.ctx, { ...mine(), status, limit: 100 })).items
}

async function countOf(status: 'pending' | 'delivered' | 'failed'): Promise<number> {
  return (await deliveries(status)).length
}

test('a delivered event is sent again with the same id and a new signature, and only when asked', async () => {
  const receiver = await world.receiver()
  await world.speak(await world.call(organizationId, receiver.url))
  const worker = world.startWorker()
  await expect.poll(() => countOf('delivered'), { timeout: 5000 }).toBe(1)
  const [delivery] = await deliveries()
  const replayed = await redeliver(world.ctx, { ...mine(), deliveryId: delivery!.id })
  expect(replayed).toMatchObject({
    status: 'pending',
    replays: 1,
    id: delivery!.id,
    delivered_at: delivery!.delivered_at,
  })
  worker.onWake({ kind: 'delivery', id: delivery!.id })
  await expect.poll(() => receiver.receipts.length, { timeout: 5000 }).toBe(2)
  await expect.poll(() => countOf('delivered')).toBe(1)
  const [first, second] = receiver.receipts
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  const { attempts } = await requireDelivery(world.ctx, { ...mine(), deliveryId: delivery!.id })
  expect(attempts.map((attempt) => [attempt.number, attempt.response_status])).toEqual([
    [1, 204],
    [2, 204],
  ])
  // Wake-ups of a row that is done are harmless, however many.
  for (let i = 0; i < 20; i++) worker.onWake({ kind: 'delivery', id: delivery!.id })
  await world.speak(await world.call(organizationId, receiver.url))
  await expect.poll(() => countOf('delivered'), { timeout: 5000 }).toBe(2)
  expect(receiver.receipts).toHaveLength(3)
})

test('a replay that fails is tried again on a fresh schedule', async () => {
  const receiver = await world.receiver()
  await world.speak(await world.call(organizationId, receiver.url))
  world.startWorker()
  await expect.poll(() => countOf('delivered'), { timeout: 5000 }).toBe(1)
  const [{ id: deliveryId } = { id: '' }] = await deliveries()
  // As if it had used up all of its attempts.
  await world.database.sql`update deliveries set attempt = 12 where id = ${deliveryId}`
  receiver.answer = 500
  await redeliver(world.ctx, { ...mine(), deliveryId })
  await expect.poll(() => receiver.receipts.length, { timeout: 5000 }).toBe(2)
  const read = () => requireDelivery(world.ctx, { ...mine(), deliveryId })
  await expect.poll(async () => (await read()).attempts.length).toBe(2)
  const { status, attempts, next_attempt_at: nextAt } = await read()
  expect([status, attempts[1]?.number]).toEqual(['pending', 13])
  const waitMs = Date.parse(nextAt!) - Date.parse(attempts[1]!.started_at)
  expect(waitMs).toBeGreaterThan(3900)
  expect(waitMs).toBeLessThan(8000)
})

test('what is being sent at this moment is not sent twice', async () => {
  const receiver = await world.receiver(() => {})
  await world.speak(await world.call(organizationId, receiver.url))
  world.startWorker()
  await expect.poll(() => receiver.receipts.length, { timeout: 5000 }).toBe(1)
  const [delivery] = await deliveries()
  await expect(redeliver(world.ctx, { ...mine(), deliveryId: delivery!.id })).rejects.toMatchObject({
    code: 'delivery_in_flight',
  })
})

test('everything an endpoint failed to take since a time is sent again; other endpoints and earlier failures are not', async () => {
  const [receiver, other] = [await world.receiver(), await world.receiver()]
  const key = await endpoint(receiver.url)
  await endpoint(other.url)
  for (let i = 0; i < 6; i++) await world.speak(await world.call(organizationId))
  await world.database
    .sql`update deliveries set status = 'failed', failed_reason = 'retries_exhausted', next_at = null`
  await world.database.sql`update deliveries set created_at = created_at - interval '2 days'
    where id in (select id from deliveries where endpoint_id = ${key.endpointId} limit 2)`
  const since = new Date(Date.now() - 24 * 3_600_000)
  await updateWebhookEndpoint(world.ctx, { ...key, patch: { enabled: false } })
  await expect(redeliverFailed(world.ctx, { ...key, since })).rejects.toMatchObject({
    code: 'endpoint_disabled',
  })
  await updateWebhookEndpoint(world.ctx, { ...key, patch: { enabled: true } })
  expect(await redeliverFailed(world.ctx, { ...key, since, limit: 3 })).toEqual({ count: 3, hasMore: true })
  expect(await redeliverFailed(world.ctx, { ...key, since, limit: 3 })).toEqual({ count: 1, hasMore: false })
  world.startWorker()
  await expect.poll(() => receiver.receipts.length, { timeout: 5000 }).toBe(4)
  await expect.poll(() => countOf('delivered')).toBe(4)
  expect(other.receipts).toEqual([])
  expect(new Set(receiver.receipts.map(({ event }) => event.id)).size).toBe(4)
  expect(await redeliverFailed(world.ctx, { ...key, since })).toEqual({ count: 0, hasMore: false })
})
