/** Goal: a database connection that breaks at the worst moment neither doubles nor holds up a delivery. Method: the real worker, sockets and database. */
import {
  type ClaimDeliveriesInput,
  claimDeliveries,
  findDeliveries,
  requireDelivery,
} from '@phonevoice/services/deliveries'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { createSureClaim } from './sure-claim.ts'
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

test('an answer is written although the connection was cut while it was, and the event is not sent again', async () => {
  let answer = (): void => {}
  const receiver = await world.receiver((_, response) => {
    answer = () => void response.writeHead(204).end()
  })
  await world.speak(await world.call(organizationId, receiver.url))
  world.startWorker()
  await expect.poll(() => receiver.receipts.length, { timeout: 5000 }).toBe(1)

  await world.database.sql.begin(async (holder) => {
    await holder`select id from deliveries for update`
    answer()
    await expect.poll(cutWaiting, { timeout: 5000 }).toBe(1)
  })

  await expect
    .poll(async () => (await findDeliveries(world.ctx, { ...mine(), limit: 10 })).items[0]?.status, {
      timeout: 8000,
    })
    .toBe('delivered')
  const [delivery] = (await findDeliveries(world.ctx, { ...mine(), limit: 10 })).items
  const { attempts } = await requireDelivery(world.ctx, { ...mine(), deliveryId: delivery!.id })
  expect(attempts.map((attempt) => [attempt.number, attempt.response_status])).toEqual([[1, 204]])
  expect(receiver.receipts).toHaveLength(1)
})

/** Cuts the connection on which an attempt waits to be written; returns how many there were. */
async function cutWaiting(): Promise<number> {
  const cut = await world.database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%delivery_attempts%'`
  return cut.length
}

test('what a claim took without its answer arriving is claimed again at once, and counted once', async () => {
  await world.speak(await world.call(organizationId, 'http://127.0.0.1:1/hook'))
  let isCut = true
  const claim = createSureClaim(world.ctx, 'deliveries', async (input: ClaimDeliveriesInput) => {
    const { deliveries } = await claimDeliveries(world.ctx, input)
    if (isCut) throw new Error('The connection was cut.')
    return deliveries
  })
  await expect(claim({ limit: 10 })).rejects.toThrow('cut')
  expect((await claimDeliveries(world.ctx, { limit: 10 })).deliveries).toEqual([])
  isCut = false
  expect(await claim({ limit: 10 })).toMatchObject([{ attempt: 1 }])
  expect(await claim({ limit: 10 })).toEqual([])
})
