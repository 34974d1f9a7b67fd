/** Goal: a receiver that is down is left alone by all workers, and gets everything as soon as it is known to be well. Method: two workers, real sockets. */
import { BREAKER_FAILURES_MAX } from '@phonevoice/services/deliveries'
import {
  createWebhookEndpoint,
  getWebhookEndpoint,
  testWebhookEndpoint,
} from '@phonevoice/services/webhook-endpoints'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { createWorkerWorld, type WorkerWorld } from './testing/worker-world.ts'

let world: WorkerWorld
beforeAll(async () => {
  world = await createWorkerWorld(inject('postgresUrl'))
})
afterAll(() => world.close())
afterEach(() => world.reset())

test('two workers stop asking a receiver that is down, and a test that succeeds lets everything go, in order', async () => {
  const organizationId = await world.organization()
  const [down, well] = [await world.receiver(503), await world.receiver()]
  const mine = { organizationId, mode: 'test' as const }
  const { resource } = await createWebhookEndpoint(world.ctx, { ...mine, request: { url: down.url } })
  const key = { ...mine, endpointId: resource.id }
  const state = async () => (await getWebhookEndpoint(world.ctx, key)).breaker.state
  for (let i = 0; i < BREAKER_FAILURES_MAX; i++) await world.speak(await world.call(organizationId))
  world.startWorker()
  world.startWorker()
  await expect.poll(state, { timeout: 10_000 }).toBe('open')
  const asked = down.receipts.length
  const callIds = [await world.call(organizationId, well.url), await world.call(organizationId, well.url)]
  for (const callId of callIds) await world.speak(callId, 3)
  // The workers have been past these by the time the other receiver has them.
  await expect.poll(() => well.receipts.length, { timeout: 10_000 }).toBe(6)
  // On a machine so busy that fifteen seconds have passed, one may have probed.
  expect(down.receipts.length).toBeLessThanOrEqual(asked + 1)

  down.answer = 204
  await testWebhookEndpoint(world.ctx, key)
  const arrived = (callId: string) =>
    down.receipts.flatMap(({ event }) => (event.call_id === callId ? [event.sequence] : []))
  for (const callId of callIds)
    await expect.poll(() => arrived(callId), { timeout: 10_000 }).toEqual([1, 2, 3])
  expect(await state()).toBe('closed')
})
