/**
 * Goal: no forbidden number is ever dialled, whichever door it comes through. Method: thousands of numbers made from written-down templates, not by
 * the library that the policy uses, sent through each door that exists: creating a call, and the dialler with calls put into the database behind
 * the first door's back. Ordinary numbers in between show that the doors are not simply shut.
 */
import { callCreateSchema } from '@phonevoice/contracts'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createCall } from '../calls/index.ts'
import { dialCall } from '../dials/index.ts'
import { addDoNotCall } from '../do-not-call/index.ts'
import { createTenant, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { claimWork, settleWork } from '../work/index.ts'
import { mayDial, setDialPolicy } from './index.ts'

/** `d` is any digit. Every one of these must stay undialled although all these countries are allowed. */
const FORBIDDEN =
  '+911 +1911 +1112 +44999 +44112 +49110 +61000 +33112 +1411ddddddd +1911ddddddd +1611ddddddd +1d11 +44d99 +49dddd +33dddd +61dddd +1dddddd +1900ddddddd +1212976dddd +1310976dddd +1500ddddddd +1533ddddddd +4490ddddddddd +4498dddddddd +4470ddddddddd +4487dddddddd +4484dddddddd +44550dddddd +4455dddddddd +49900ddddddd +49180ddddddd +49137ddddddd +338991ddddd +3389ddddddd +61190dddddd +6113dddd +870ddddddddd +8816dddddddd +88216ddddddd +883510ddddddddd +878ddddddddddd +979ddddddddd +808dddddddd +800dddddddd +888dddddddd +1876ddddddd +1809ddddddd +1242ddddddd +53ddddddddd +252ddddddddd +3712ddddddd'.split(
    ' ',
  )
const ORDINARY = ['+1212555dddd', '+1310555dddd', '+1416555dddd', '+4915751dddddd', '+4420794600dd']
const ALLOWED = ['US', 'CA', 'GB', 'DE', 'FR', 'AU']
const PER_TEMPLATE = 50

let ctx: TestContext
let tenant: Tenant
let seed = 12345
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  tenant = await createTenant(ctx)
  const { organizationId } = tenant
  await setDialPolicy(ctx, { organizationId, countries: ALLOWED })
  const now = new Date(ctx.clock.now())
  await ctx.db.sql`
    insert into carrier_accounts (id, organization_id, carrier, account_sid, auth_token_sealed, base_url, created_at)
    values ('cacc_1', ${organizationId}, 'twilio', 'AC1', 'x', 'http://127.0.0.1:1', ${now})`
  await ctx.db.sql`
    insert into phone_numbers (id, organization_id, mode, carrier_account_id, phone_number, created_at)
    values ('num_1', ${organizationId}, 'live', 'cacc_1', '+12125550199', ${now})`
})
afterAll(() => ctx.db.drop())

/** A small generator with a seed, so that a failure can be repeated. */
function digit(): string {
  seed = (seed * 1103515245 + 12345) % 2147483648
  return String(Math.floor(seed / 65536) % 10)
}
const fill = (template: string): string => template.replaceAll('d', digit)
const numbersOf = (templates: readonly string[], each: number): string[] =>
  templates.flatMap((template) => Array.from({ length: each }, () => fill(template)))

/** The first door: as a request does, the schema first. */
async function create(phoneNumber: string): Promise<'created' | 'refused'> {
  const { organizationId, assistantId } = tenant
  const request = callCreateSchema.safeParse({ phone_number: phoneNumber, assistant_id: assistantId })
  if (!request.success) return 'refused'
  return await createCall(ctx, {
    organizationId,
    mode: 'live',
    request: request.data,
    idempotency: null,
  }).then(
    () => 'created' as const,
    (error: { code?: string }) => {
      if (error.code !== 'destination_blocked') throw error
      return 'refused'
    },
  )
}

describe('the doors', () => {
  test('creating a call refuses 2,600 forbidden numbers and writes nothing', async () => {
    for (const phoneNumber of numbersOf(FORBIDDEN, PER_TEMPLATE))
      expect([phoneNumber, await create(phoneNumber)]).toEqual([phoneNumber, 'refused'])
    expect(await ctx.db.sql`select from calls`).toHaveLength(0)
    expect(await ctx.db.sql`select from work_items`).toHaveLength(0)
    for (const phoneNumber of numbersOf(ORDINARY, 5))
      expect([phoneNumber, await create(phoneNumber)]).toEqual([phoneNumber, 'created'])
  })

  test('the dialler refuses 2,600 more that came past the first door', async () => {
    await ctx.db.sql`truncate work_items, call_events, calls cascade`
    const forbidden = numbersOf(FORBIDDEN, PER_TEMPLATE)
    const ordinary = numbersOf(ORDINARY, 5)
    await insertDials([...forbidden, ...ordinary])
    const dialled: string[] = []
    for (;;) {
      const claimed = await claimWork(ctx, { kinds: ['dial'], limit: 50 })
      if (claimed.length === 0) break
      for (const work of claimed)
        await settleWork(ctx, work, await dialCall(ctx, { work, carrierOf: carrierThatCounts(dialled) }))
    }
    expect(dialled.sort()).toEqual(ordinary.sort())
    const ended = await ctx.db.sql<{ ended_reason: string; calls: number }[]>`
      select ended_reason, count(*)::int as calls from calls where ended_at is not null group by 1`
    expect([...ended]).toEqual([{ ended_reason: 'destination_blocked', calls: forbidden.length }])
  }, 60_000)

  test('the door for transfers and numbers a model chooses refuses them likewise', async () => {
    const { organizationId } = tenant
    for (const phoneNumber of numbersOf(FORBIDDEN, 4))
      expect(await mayDial(ctx, { organizationId, mode: 'live', phoneNumber })).toMatchObject({
        reason: 'destination_blocked',
        sentence: expect.stringMatching(/^[A-Z].*\.$/),
      })
  })
})

test('a number that is put on the list while its call waits is not dialled', async () => {
  await ctx.db.sql`truncate work_items, call_events, calls cascade`
  const phoneNumber = fill('+1212555dddd')
  expect(await create(phoneNumber)).toBe('created')
  await addDoNotCall(ctx, { organizationId: tenant.organizationId, phoneNumber, note: null })
  expect(await endedBy()).toBe('do_not_call')
})

test('a call whose hours end while it waits is not dialled', async () => {
  await ctx.db.sql`truncate work_items, call_events, calls cascade`
  const { organizationId } = tenant
  const today = { start: '00:00', end: '24:00', time_zone: 'UTC' }
  await setDialPolicy(ctx, { organizationId, callingHours: today })
  expect(await create(fill('+1212555dddd'))).toBe('created')
  const hour = new Date(ctx.clock.now()).getUTCHours()
  const passed = { ...today, start: `${String((hour + 1) % 24).padStart(2, '0')}:00` }
  await setDialPolicy(ctx, {
    organizationId,
    callingHours: hour === 23 ? { ...today, end: '01:00' } : passed,
  })
  expect(await endedBy()).toBe('outside_hours')
  await setDialPolicy(ctx, { organizationId, callingHours: null })
})

/** Works the one dial off; answers with the reason its call ended for. */
async function endedBy(): Promise<unknown> {
  const [work] = await claimWork(ctx, { kinds: ['dial'], limit: 1 })
  if (!work) throw new Error('there is no dial')
  const dialled: string[] = []
  await settleWork(ctx, work, await dialCall(ctx, { work, carrierOf: carrierThatCounts(dialled) }))
  expect(dialled).toEqual([])
  const [call] = await ctx.db.sql`select ended_reason from calls where id = ${work.callId}`
  return call?.ended_reason
}

async function insertDials(phoneNumbers: readonly string[]): Promise<void> {
  const now = new Date(ctx.clock.now())
  await ctx.db.sql`
    with numbers as (
      select n, 'call_' || lpad(row_number() over ()::text, 26, '0') as id from unnest(${phoneNumbers as string[]}::text[]) n
    ), new_calls as (
      insert into calls (id, organization_id, mode, direction, status, phone_number, from_number, assistant_id, assistant, webhook_events,
        metadata, variables, is_recorded, ring_timeout_seconds, max_duration_seconds, created_at, last_seen_at, last_sequence)
      select id, ${tenant.organizationId}, 'live', 'outbound', 'queued', n, '+12125550199', ${tenant.assistantId},
        (select settings from assistants where id = ${tenant.assistantId}), '{}', '{}', '{}', false, 30, 600, ${now}, ${now}, 1 from numbers
    )
    insert into work_items (id, call_id, kind, detail, created_at, next_at, attempt)
    select replace(id, 'call', 'work'), id, 'dial', '', ${now}, ${now}, 0 from numbers`
}

function carrierThatCounts(dialled: string[]) {
  return async () => ({
    client: {
      placeCall: async ({ to, from }: { to: string; from: string }) => {
        dialled.push(to)
        const carrierCallId = `CA${dialled.length}`
        return {
          carrierCallId,
          status: 'queued' as const,
          to,
          from,
          createdAtMs: null,
          durationSeconds: null,
        }
      },
      fetchCall: async () => null,
      findCalls: async () => [],
      hangUp: async () => {},
    },
    refusalOf: () => 'other' as const,
    isOutcomeUnknown: () => false,
  })
}
