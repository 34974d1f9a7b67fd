/**
 * Goal: no line is given away twice, nobody waits longer than they must, and the reasons to wait are those that were set. Method: calls put straight
 * into the database, admitted by several database pools at once as several workers would; a carrier that only counts.
 */
import { createTestClock } from '@phonevoice/base'
import { openDatabase } from '@phonevoice/db'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { findCall } from '../calls/call-row.ts'
import { dialCall } from '../dials/index.ts'
import { createTenant, createTestCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { claimWork, settleWork } from '../work/index.ts'
import { admitCalls, createAdmission, getLimits, LIMITS_DEFAULT, queuePosition, setLimits } from './index.ts'

let ctx: TestContext
let tenant: Tenant
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
})
afterAll(() => ctx.db.drop())
beforeEach(async () => {
  await ctx.db.sql`truncate work_items, call_events, calls cascade`
  tenant = await createTenant(ctx)
})

/** Calls created one after the other. */
async function createCalls(count: number, owner: Tenant = tenant, patch = {}): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    ctx.clock.advance(1)
    ids.push(await createTestCall(ctx, owner, patch))
  }
  return ids
}

const limit = (change: Parameters<typeof setLimits>[1]['change'], owner: Tenant = tenant) =>
  setLimits(ctx, { organizationId: owner.organizationId, change })

async function statuses(owner: Tenant = tenant): Promise<Record<string, number>> {
  const rows = await ctx.db.sql<{ status: string; calls: number }[]>`
    select status, count(*)::int as calls from calls where organization_id = ${owner.organizationId} group by 1`
  return Object.fromEntries(rows.map((row) => [row.status, row.calls]))
}

/** The lines are given back; the bare minimum of an end. */
async function endLiveCalls(costMicroUsd: number | null = null): Promise<void> {
  const now = new Date(ctx.clock.now())
  await ctx.db.sql`
    update calls set status = 'completed', ended_reason = 'caller_hung_up', ended_at = ${now}, duration_seconds = 30,
      cost_micro_usd = ${costMicroUsd}::bigint
    where ended_at is null and status <> 'queued'`
}

/** One dial worked on as a worker does; answers with what became of its call. */
async function dialOne(
  callId: string,
): Promise<{ status?: string; reason?: string | null; dueInMs: number | null }> {
  const [item] = await ctx.db.sql<
    { id: string }[]
  >`select id from work_items where call_id = ${callId} and kind = 'dial'`
  const [work] = await claimWork(ctx, { ids: [item?.id ?? ''], limit: 1 })
  if (!work) throw new Error('the dial is not due')
  const step = await dialCall(ctx, { work, carrierOf: async () => carrier })
  await settleWork(ctx, work, step)
  const call = await findCall(ctx, callId)
  return {
    ...(call ? { status: call.status, reason: call.endedReason } : {}),
    dueInMs: step.nextAtMs === null ? null : step.nextAtMs - ctx.clock.now(),
  }
}

let placed = 0
const carrier = {
  client: {
    placeCall: async ({ to, from }: { to: string; from: string }) => {
      const carrierCallId = `CA${++placed}`
      return { carrierCallId, status: 'queued' as const, to, from, createdAtMs: null, durationSeconds: null }
    },
    fetchCall: async () => null,
    findCalls: async () => [],
    hangUp: async () => {},
  },
  refusalOf: () => 'other' as const,
  isOutcomeUnknown: () => false,
}

describe('calls at once', () => {
  test('eight workers that let calls through at the same moment never exceed the limit', async () => {
    await limit({ concurrentCalls: 5, callsPerMinute: 1_000_000 })
    const ids = await createCalls(90)
    const workers = Array.from({ length: 8 }, () =>
      openDatabase({ url: ctx.db.url, applicationName: 'test' }),
    )
    try {
      for (let round = 1; round * 5 <= ids.length; round++) {
        await Promise.all(workers.flatMap((db) => [admitCalls({ ...ctx, db }), admitCalls({ ...ctx, db })]))
        expect(await statuses()).toMatchObject({ dialing: 5 })
        const [row] = await ctx.db
          .sql`select array_agg(id order by created_at) as ids from calls where status = 'dialing'`
        expect(row?.ids).toEqual(ids.slice(round * 5 - 5, round * 5))
        await endLiveCalls()
      }
    } finally {
      await Promise.all(workers.map((db) => db.close()))
    }
    expect(await statuses()).toEqual({ completed: 90 })
  })

  test('a call beyond the limit waits, knows its place, and is dialled when a line is free', async () => {
    await limit({ concurrentCalls: 1 })
    const [first = '', second = '', third = ''] = await createCalls(3)
    // Whoever asks first, first come is first served.
    expect(await dialOne(third)).toMatchObject({ status: 'queued', dueInMs: 5000 })
    expect(await dialOne(second)).toMatchObject({ status: 'queued' })
    expect(await placeOf(second)).toBe(1)
    expect(await placeOf(third)).toBe(2)
    expect(await placeOf(first)).toBeNull()
    expect(await dialOne(first)).toMatchObject({ status: 'dialing', dueInMs: null })

    await endLiveCalls()
    ctx.wakeUps.length = 0
    expect(await admitCalls(ctx)).toEqual([second])
    const [work] = await ctx.db.sql`select id, next_at from work_items where call_id = ${second}`
    expect(work?.next_at).toEqual(new Date(ctx.clock.now()))
    expect(ctx.wakeUps).toEqual([{ kind: 'work', id: work?.id }])
    expect(await dialOne(second)).toMatchObject({ status: 'dialing', dueInMs: null })
    expect(await placeOf(third)).toBe(1)
  })

  test('test and live calls are counted apart, and so are organizations', async () => {
    await limit({ concurrentCalls: 1 })
    const other = await createTenant(ctx)
    const [, mine = ''] = await createCalls(2)
    const [theirs = ''] = await createCalls(1, other)
    await ctx.db.sql`update calls set mode = 'live' where id = ${mine}`
    await admitCalls(ctx)
    expect(await statuses()).toEqual({ dialing: 2 })
    expect((await findCall(ctx, theirs))?.status).toBe('dialing')
  })

  test('a limit of nothing lets nothing through', async () => {
    await limit({ concurrentCalls: 0 })
    await createCalls(2)
    expect(await admitCalls(ctx)).toEqual([])
  })

  test('behind a long queue a call does not even try: it is due when it expires, or let through', async () => {
    await limit({ concurrentCalls: 0 })
    const ids = await createCalls(103)
    const due = await ctx.db.sql<{ calls: number }[]>`
      select count(*)::int as calls from work_items where next_at <= ${new Date(ctx.clock.now())}`
    expect(due[0]?.calls).toBe(101)
    await limit({ concurrentCalls: 200 })
    expect((await admitCalls(ctx)).sort()).toEqual(ids)
    expect(await dialOne(ids.at(-1) ?? '')).toMatchObject({ status: 'dialing', dueInMs: null })
  })
})

async function placeOf(callId: string): Promise<number | null> {
  const call = await findCall(ctx, callId)
  return call && (await queuePosition(ctx, call))
}

describe('the deployment', () => {
  test('never has more lines in use than its cap, while calls keep coming in any order', async () => {
    const tenants = [tenant, await createTenant(ctx), await createTenant(ctx)]
    const settings = { ...ctx.settings, callsConcurrentMax: 3 }
    const workers = Array.from({ length: 4 }, () =>
      openDatabase({ url: ctx.db.url, applicationName: 'test' }),
    )
    const now = ctx.clock.now()
    let created = 0
    try {
      for (let round = 0; round < 60; round++) {
        const creating = Array.from({ length: 6 }, async () => {
          // The clocks of api processes differ: a younger call may stand further ahead in the queue.
          const clock = createTestClock(now - ((created++ * 7919) % 1000))
          await createTestCall({ ...ctx, clock }, tenants[created % 3] ?? tenant)
        })
        const admitting = workers.flatMap((db) => [1, 2, 3].map(() => admitCalls({ ...ctx, db, settings })))
        await Promise.all([...creating, ...admitting])
        await admitCalls({ ...ctx, settings })
        const [live] = await ctx.db.sql`select count(*)::int as calls from calls where status = 'dialing'`
        expect([round, live?.calls]).toEqual([round, 3])
        await endLiveCalls()
      }
    } finally {
      await Promise.all(workers.map((db) => db.close()))
    }
  })

  test('short of lines, serves whoever holds fewest', async () => {
    const other = await createTenant(ctx)
    await createCalls(20)
    await createCalls(2, other)
    const short: typeof ctx = { ...ctx, settings: { ...ctx.settings, callsConcurrentMax: 6 } }
    await admitCalls(short)
    expect(await statuses()).toEqual({ dialing: 4, queued: 16 })
    expect(await statuses(other)).toEqual({ dialing: 2 })
    expect(await admitCalls(short)).toEqual([])
    // Two lines become free while the flood holds four and the other two: the next goes to the other.
    await ctx.db.sql`update calls set status = 'completed', ended_at = now() where id in (
      select id from calls where organization_id = ${tenant.organizationId} and status = 'dialing' limit 2)`
    const late = await createCalls(1, other)
    expect(await admitCalls(short)).toEqual(expect.arrayContaining(late))
    expect(await statuses()).toMatchObject({ dialing: 3 })
  })
})

describe('calls a minute', () => {
  test('the next is let through when a minute has passed', async () => {
    await limit({ callsPerMinute: 3 })
    await createCalls(5)
    expect(await admitCalls(ctx)).toHaveLength(3)
    await endLiveCalls()
    ctx.clock.advance(59_000)
    expect(await admitCalls(ctx)).toEqual([])
    ctx.clock.advance(1000)
    expect(await admitCalls(ctx)).toHaveLength(2)
  })
})

describe('the queue', () => {
  test('ends as queue_expired after ten minutes, or what the organization or the call says', async () => {
    await limit({ concurrentCalls: 0 })
    const [usual = ''] = await createCalls(1)
    await limit({ queueTimeoutSeconds: 60 })
    const [ours = ''] = await createCalls(1)
    const [own = ''] = await createCalls(1, tenant, { queue_timeout_seconds: 5 })
    expect(await dialOne(own)).toMatchObject({ status: 'queued', dueInMs: 5000 })
    ctx.clock.advance(5000)
    expect(await dialOne(own)).toMatchObject({ status: 'failed', reason: 'queue_expired' })
    expect(await dialOne(ours)).toMatchObject({ status: 'queued' })
    ctx.clock.advance(55_000)
    expect(await dialOne(ours)).toMatchObject({ reason: 'queue_expired' })
    ctx.clock.advance(538_000)
    expect(await dialOne(usual)).toMatchObject({ status: 'queued' })
    ctx.clock.advance(2000)
    expect(await dialOne(usual)).toMatchObject({ reason: 'queue_expired' })
  })

  test('a call that waited long is still given its full time at the carrier', async () => {
    await limit({ concurrentCalls: 0 })
    const [id = ''] = await createCalls(1)
    await dialOne(id)
    ctx.clock.advance(500_000)
    await limit({ concurrentCalls: 1 })
    await admitCalls(ctx)
    expect(await dialOne(id)).toMatchObject({ status: 'dialing', reason: null })
  })
})

describe('the budget of a day', () => {
  /** A minute is estimated at 0.08 USD. */
  const CENT = 10_000

  test('ends what it has no room for, counting what has been spent and what is running', async () => {
    await limit({ spendPerDayMicroUsd: 20 * CENT })
    const [first = '', second = '', third = ''] = await createCalls(3)
    await admitCalls(ctx)
    // All three were let through at the same moment: the first two fit.
    expect(await dialOne(third)).toMatchObject({ status: 'failed', reason: 'budget_exhausted' })
    expect(await dialOne(first)).toMatchObject({ status: 'dialing' })
    expect(await dialOne(second)).toMatchObject({ status: 'dialing' })

    // They turn out cheap, and one more fits.
    await endLiveCalls(2 * CENT)
    const [fourth = ''] = await createCalls(1)
    expect(await dialOne(fourth)).toMatchObject({ status: 'dialing' })
    // Its third minute has begun: 4 + 24 cents.
    await ctx.db
      .sql`update calls set status = 'in_progress', started_at = ${new Date(ctx.clock.now())} where id = ${fourth}`
    ctx.clock.advance(130_000)
    const [fifth = ''] = await createCalls(1)
    expect(await dialOne(fifth)).toMatchObject({ reason: 'budget_exhausted' })
  })

  test('an ended call counts by estimate until it is priced, and not on the next day', async () => {
    await limit({ spendPerDayMicroUsd: 10 * CENT })
    const [first = ''] = await createCalls(1)
    await dialOne(first)
    await endLiveCalls()
    const [second = ''] = await createCalls(1)
    expect(await dialOne(second)).toMatchObject({ reason: 'budget_exhausted' })
    ctx.clock.advance(86_400_000)
    const [tomorrow = ''] = await createCalls(1)
    expect(await dialOne(tomorrow)).toMatchObject({ status: 'dialing' })
  })
})

describe('what is set', () => {
  test('holds, is documented where it is not, and goes back to the default', async () => {
    const { organizationId } = tenant
    expect(await getLimits(ctx, { organizationId })).toEqual(LIMITS_DEFAULT)
    await limit({ concurrentCalls: 7, spendPerDayMicroUsd: 5_000_000 })
    await limit({ createsPerSecond: 9 })
    expect(await getLimits(ctx, { organizationId })).toEqual({
      ...LIMITS_DEFAULT,
      concurrentCalls: 7,
      createsPerSecond: 9,
      spendPerDayMicroUsd: 5_000_000,
    })
    expect(await limit({ concurrentCalls: null, createsPerSecond: null, spendPerDayMicroUsd: null })).toEqual(
      LIMITS_DEFAULT,
    )
    for (const change of [{ concurrentCalls: -1 }, { createsPerSecond: 0 }, { callsPerMinute: 1.5 }])
      await expect(limit(change)).rejects.toMatchObject({ code: 'invalid_request' })
  })
})

test('however many ask at once, one look runs and one more follows', async () => {
  let looks = 0
  const counting = {
    ...ctx,
    get settings() {
      looks++
      return ctx.settings
    },
  }
  const admission = createAdmission(counting)
  await Promise.all(Array.from({ length: 50 }, () => admission.admit()))
  expect(looks).toBe(2)
  const broken = createAdmission({
    ...ctx,
    get settings(): never {
      throw new Error('gone')
    },
  })
  await expect(broken.admit()).rejects.toThrow('gone')
  await expect(broken.admit()).rejects.toThrow('gone')
})
