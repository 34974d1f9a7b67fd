/** Goal: endpoints receive what they asked for, signed with their own secrets, and nothing once they are disabled. Method: the real worker and sockets. */
import { getDelivery, listDeliveries } from '@phonevoice/services/deliveries'
import { getWebhookSecret } from '@phonevoice/services/organizations'
import {
  completeEndpointRotation,
  createWebhookEndpoint,
  getWebhookEndpoint,
  rotateEndpointSecret,
  testWebhookEndpoint,
  updateWebhookEndpoint,
} from '@phonevoice/services/webhook-endpoints'
import { verifyStandardWebhook, verifyWebhook } from '@phonevoice/signing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { createWorkerWorld, type Receipt, type WorkerWorld } from './testing/worker-world.ts'

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

async function endpoint(url: string, request = {}) {
  const input = { organizationId, mode: 'test' as const, request: { url, ...request } }
  const { resource } = await createWebhookEndpoint(world.ctx, input)
  return { ...resource, key: { organizationId, mode: 'test' as const, endpointId: resource.id } }
}

function isSignedBy(secret: string, { body, headers }: Receipt, name = 'phonevoice-signature'): boolean {
  const nowSeconds = Math.floor(Date.now() / 1000)
  return verifyWebhook({ secret, body, header: headers[name], nowSeconds }).ok
}

function isStandardBy(secret: string, { body, headers }: Receipt): boolean {
  return verifyStandardWebhook({ secret, body, headers, nowSeconds: Math.floor(Date.now() / 1000) }).ok
}

test('the call’s own URL and two endpoints each get every event in order, signed with their own secrets', async () => {
  const [own, one, two] = [await world.receiver(), await world.receiver(), await world.receiver()]
  const endpoints = [
    await endpoint(one.url),
    await endpoint(two.url, { events: ['transcription', 'call.ended'] }),
  ]
  await world.speak(await world.call(organizationId, own.url), 4)
  world.startWorker()
  for (const { receipts } of [own, one, two])
    await expect
      .poll(() => receipts.map(({ event }) => event.sequence), { timeout: 10_000 })
      .toEqual([1, 2, 3, 4])
  const { current } = await getWebhookSecret(world.ctx, { organizationId })
  const secrets = [current, endpoints[0]!.secret, endpoints[1]!.secret]
  expect(new Set(secrets).size).toBe(3)
  for (const [index, { receipts }] of [own, one, two].entries())
    for (const receipt of receipts) {
      for (const [other, secret] of secrets.entries()) {
        expect(isSignedBy(secret, receipt)).toBe(other === index)
        expect(isStandardBy(secret, receipt)).toBe(other === index)
      }
      expect(receipt.body).toBe(own.receipts[receipt.event.sequence! - 1]?.body)
    }
})

test('during a rotation the main header stays on the old secret and the next one is beside it', async () => {
  const receiver = await world.receiver()
  const { secret, key } = await endpoint(receiver.url)
  const { next_secret: next } = await rotateEndpointSecret(world.ctx, key)
  await testWebhookEndpoint(world.ctx, key)
  world.startWorker()
  await expect.poll(() => receiver.receipts.length, { timeout: 5000 }).toBe(1)
  const [during] = receiver.receipts as [Receipt]
  expect(isSignedBy(secret, during)).toBe(true)
  expect(isSignedBy(next, during, 'phonevoice-signature-next')).toBe(true)
  expect([isStandardBy(secret, during), isStandardBy(next, during)]).toEqual([true, true])
  await completeEndpointRotation(world.ctx, key)
  await expect
    .poll(
      async () => {
        await testWebhookEndpoint(world.ctx, key)
        const last = receiver.receipts.at(-1)!
        return isSignedBy(next, last) && !('phonevoice-signature-next' in last.headers)
      },
      { timeout: 10_000, interval: 300 },
    )
    .toBe(true)
})

test('a test event reaches a disabled endpoint, is recorded, and is tried once', async () => {
  const receiver = await world.receiver(500)
  const { key, secret } = await endpoint(receiver.url, { enabled: false })
  const { id: deliveryId } = await testWebhookEndpoint(world.ctx, key)
  world.startWorker()
  const read = () => getDelivery(world.ctx, { ...key, deliveryId })
  await expect.poll(async () => (await read())?.status, { timeout: 5000 }).toBe('failed')
  expect(await read()).toMatchObject({
    failed_reason: 'retries_exhausted',
    next_attempt_at: null,
    attempts: [{ number: 1, response_status: 500, response_excerpt: 'answer' }],
  })
  const [receipt] = receiver.receipts as [Receipt]
  expect(isSignedBy(secret, receipt)).toBe(true)
  expect(receipt.event).toMatchObject({
    event: 'endpoint.test',
    call_id: null,
    sequence: null,
    data: { endpoint_id: key.endpointId },
  })
  expect(JSON.stringify(JSON.parse(receipt.body))).toBe(receipt.body)
  expect((await getWebhookEndpoint(world.ctx, key)).breaker.consecutive_failures).toBe(0)
})

test('what waits for a disabled endpoint is not sent, and says so', async () => {
  const receiver = await world.receiver()
  const { key } = await endpoint(receiver.url)
  const callId = await world.call(organizationId)
  await world.speak(callId, 2)
  await updateWebhookEndpoint(world.ctx, { ...key, patch: { enabled: false } })
  await world.speak(callId)
  world.startWorker()
  const read = () => listDeliveries(world.ctx, { organizationId, callId, limit: 10 })
  await expect
    .poll(async () => (await read()).map((delivery) => delivery.failed_reason), { timeout: 5000 })
    .toEqual(['endpoint_disabled', 'endpoint_disabled'])
  expect(receiver.receipts).toEqual([])
})

test('what waits goes to where the endpoint is now', async () => {
  const moved = await world.receiver()
  const { key } = await endpoint('http://127.0.0.1:9/closed')
  await world.speak(await world.call(organizationId))
  await updateWebhookEndpoint(world.ctx, { ...key, patch: { url: moved.url } })
  world.startWorker()
  await expect.poll(() => moved.receipts.length, { timeout: 5000 }).toBe(1)
})

test('the resource tells how the endpoint did', async () => {
  const receiver = await world.receiver()
  const { key } = await endpoint(receiver.url)
  const callId = await world.call(organizationId)
  await world.speak(callId, 3)
  world.startWorker()
  const read = async () => (await getWebhookEndpoint(world.ctx, key)).statistics
  await expect.poll(async () => (await read())?.delivered, { timeout: 5000 }).toBe(3)
  expect(await read()).toMatchObject({ failed: 0, pending: 0, attempts: 3 })
  expect((await read())?.duration_ms?.p95).toBeGreaterThanOrEqual((await read())?.duration_ms?.p50 ?? 0)
})
