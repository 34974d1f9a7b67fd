import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

interface Times {
  dialed_at: Date
  ended_at: Date
}

/** The most calls that held a line at the same moment. */
function mostAtOnce(calls: readonly Times[]): number {
  return Math.max(
    ...calls.map(
      ({ dialed_at: at }) => calls.filter((call) => call.dialed_at <= at && at < call.ended_at).length,
    ),
  )
}

it('six calls over two lines: four wait with a place, each goes on when a line is free, none is lost', async () => {
  const { organizationId } = system.installation.seed
  const now = new Date()
  await system.database.sql`
    insert into organization_limits (organization_id, concurrent_calls, updated_at) values (${organizationId}, 2, ${now})`
  const placed = []
  for (let i = 0; i < 6; i++) placed.push(await system.call({ phone_number: '+12025550107' }))
  const last = placed.at(-1)
  const waiting = await system.api('GET', `/v1/calls/${last?.id}`)
  expect(waiting.body).toMatchObject({
    status: 'queued',
    queue_position: expect.any(Number),
    ended_reason: null,
  })
  expect(waiting.body.queue_position).toBeGreaterThanOrEqual(2)
  expect(Date.parse(waiting.body.queue_expires_at) - Date.parse(waiting.body.created_at)).toBe(600_000)

  for (const call of placed) {
    const { call: ended } = await call.completed(60_000)
    expect(ended).toMatchObject({ status: 'completed', ended_reason: 'caller_hung_up', queue_position: null })
  }
  const times = await system.database.sql<Times[]>`
    select dialed_at, ended_at from calls where organization_id = ${organizationId} and direction = 'outbound' order by created_at, id`
  expect(mostAtOnce(times)).toBe(2)
  // First come, first served.
  const dialed = times.map((call) => call.dialed_at.getTime())
  expect(dialed).toEqual([...dialed].sort((one, other) => one - other))
}, 120_000)

it('a call for which no line becomes free in time ends as queue_expired, with its webhook', async () => {
  const { organizationId } = system.installation.seed
  await system.database
    .sql`update organization_limits set concurrent_calls = 0 where organization_id = ${organizationId}`
  const call = await system.call({ phone_number: '+12025550100', queue_timeout_seconds: 1 })
  const { completed } = await call.completed()
  expect(completed.json.data).toMatchObject({
    status: 'failed',
    ended_reason: 'queue_expired',
    outcome: { category: 'policy', retryable: true, billable: false, carrier: null },
  })
  await system.database.sql`delete from organization_limits where organization_id = ${organizationId}`
})
