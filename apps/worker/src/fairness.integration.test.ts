/**
 * Goal: an organization that floods a slow receiver holds up nobody else. Method: the flood's receiver never answers, so every attempt lasts until the
 * end of the test; counts show how many slots the flood got and that everything of the other organization arrived meanwhile. No timings.
 */
import { IN_FLIGHT_PER_ORGANIZATION_MAX } from '@phonevoice/services/deliveries'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { createWorkerWorld, type WorkerWorld } from './testing/worker-world.ts'

let world: WorkerWorld
beforeAll(async () => {
  world = await createWorkerWorld(inject('postgresUrl'))
})
afterAll(() => world.close())
afterEach(() => world.reset())

const FLOOD = 400
const OTHERS = 60

/** Many events of many calls at once, without the cost of making each. */
async function flood(organizationId: string, url: string): Promise<void> {
  const callId = await world.call(organizationId, url)
  await world.speak(callId)
  await world.database.sql`
    insert into deliveries (id, organization_id, mode, event_id, sequence, target, url, status, created_at, next_at, call_id)
    select d.id || n, d.organization_id, d.mode, d.event_id || n, 0, d.target, d.url, 'pending', d.created_at, d.next_at, null
    from deliveries d, generate_series(1, ${FLOOD - 1}::int) n where d.call_id = ${callId}`
  await world.database.sql`
    insert into call_events (id, call_id, sequence, type, occurred_at, data)
    select e.id || n, e.call_id, 1 + n, e.type, e.occurred_at, e.data
    from call_events e, generate_series(1, ${FLOOD - 1}::int) n where e.call_id = ${callId}`
}

test.each([1, 3])(
  'a flood to a silent receiver gets its share of %i workers, and all else arrives',
  async (workers) => {
    const [flooding, other] = [await world.organization(), await world.organization()]
    const [silent, good] = [await world.receiver(() => {}), await world.receiver()]
    await flood(flooding, silent.url)
    for (let i = 0; i < workers; i++) world.startWorker({ slots: { deliveries: 100 } })
    await expect
      .poll(() => silent.receipts.length, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(IN_FLIGHT_PER_ORGANIZATION_MAX)
    for (let i = 0; i < OTHERS / 2; i++) await world.speak(await world.call(other, good.url), 2)
    await expect.poll(() => good.receipts.length, { timeout: 10_000 }).toBe(OTHERS)
    // Workers that claim at the same moment may each take a batch.
    expect(silent.receipts.length).toBeLessThanOrEqual(IN_FLIGHT_PER_ORGANIZATION_MAX * workers)
    const [row] = await world.database.sql<{ waiting: number; ended: number }[]>`
    select (count(*) filter (where first_started_at is null))::int as waiting, (count(*) filter (where first_ended_at is not null))::int as ended
    from deliveries where organization_id = ${flooding}`
    expect(row).toEqual({ waiting: FLOOD - silent.receipts.length, ended: 0 })
  },
)
