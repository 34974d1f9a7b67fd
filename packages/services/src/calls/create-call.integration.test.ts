import { type CallCreate, callCreateSchema, SIMULATED_PHONES } from '@phonevoice/contracts'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createAssistant } from '../assistants/index.ts'
import { addDoNotCall } from '../do-not-call/index.ts'
import { createOrganization } from '../organizations/index.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { type CreateCallInput, createCall } from './create-call.ts'

let ctx: TestContext
let organizationId: string
let assistantId: string

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  organizationId = (await createOrganization(ctx, { name: 'Acme' })).id
  const settings = { name: 'Ada', llm: { headers: { Authorization: 'Bearer top-secret' } } }
  assistantId = (await createAssistant(ctx, { organizationId, settings })).id
})
afterAll(() => ctx.db.drop())

function request(patch: Partial<CallCreate> = {}): CallCreate {
  return callCreateSchema.parse({
    phone_number: '+12025550100',
    assistant_id: assistantId,
    webhook_url: 'https://example.com/hooks',
    ...patch,
  })
}

function create(patch: Partial<CallCreate> = {}, rest: Partial<CreateCallInput> = {}) {
  return createCall(ctx, {
    organizationId,
    mode: 'test',
    request: request(patch),
    idempotency: null,
    ...rest,
  })
}

const key = (name: string, requestHash = 'hash') => ({ key: name, requestHash })

/** Requests of one moment share their statements. */
describe('many at once', () => {
  it('each gets its own answer, whoever asks and whatever becomes of the others', async () => {
    const other = (await createOrganization(ctx, { name: 'Other' })).id
    const theirs = (await createAssistant(ctx, { organizationId: other, settings: { name: 'Bob' } })).id
    await addDoNotCall(ctx, { organizationId, phoneNumber: '+12025550101', note: null })
    await create({}, { idempotency: key('earlier') })
    const all = await Promise.allSettled([
      create({ metadata: { number: 1 } }),
      create({ assistant_id: theirs }, { organizationId: other }),
      create({ assistant_id: theirs }),
      create({ phone_number: '+12025550101' }),
      create({ phone_number: '+12025550101', assistant_id: theirs }, { organizationId: other }),
      create({}, { idempotency: key('earlier') }),
      create({}, { idempotency: key('earlier', 'another') }),
      create({ metadata: { number: 2 } }, { idempotency: key('simultaneous') }),
      create({ metadata: { number: 3 } }, { idempotency: key('simultaneous') }),
      create({ metadata: { number: 4 } }),
    ])
    const results = all.map((one) =>
      one.status === 'fulfilled' ? one.value.replayed : (one.reason as { code: string }).code,
    )
    expect(results).toEqual([
      false,
      false,
      'unknown_assistant',
      'do_not_call',
      false,
      true,
      'idempotency_key_reused',
      false,
      true,
      false,
    ])
    const bodies = all.flatMap((one) => (one.status === 'fulfilled' ? [JSON.parse(one.value.body)] : []))
    expect(bodies.map(({ metadata }) => metadata.number)).toEqual([
      1,
      undefined,
      undefined,
      undefined,
      2,
      2,
      4,
    ])
    const ids = [...new Set(bodies.map(({ id }) => id as string))]
    expect(ids).toHaveLength(6)
    const owners = await ctx.db.sql`
      select organization_id from calls c where id = any(${ids}::text[]) and exists (select from work_items w where w.call_id = c.id)
      and exists (select from call_events e where e.call_id = c.id) order by id`
    expect(owners.map((row) => row.organization_id).sort()).toEqual(
      [organizationId, organizationId, organizationId, organizationId, other, other].sort(),
    )
  })
})

describe('works', () => {
  it('writes the call, its first event and the dial, and wakes the dialler', async () => {
    const created = await create({ metadata: { b: 1, 10: 'x', a: [1.5] }, max_cost_usd: 0.25 })
    const call = JSON.parse(created.body)
    expect(created).toMatchObject({ status: 201, replayed: false })
    expect(call).toMatchObject({ status: 'queued', from: '+12025550190', mode: 'test', cost: null })
    const { sql } = ctx.db
    const [row] = await sql`select * from calls where id = ${call.id}`
    expect(row).toMatchObject({
      last_sequence: 1,
      max_cost_micro_usd: '250000',
      is_recorded: true,
      ring_timeout_seconds: 30,
    })
    const events = await sql`select type, sequence, data from call_events where call_id = ${call.id}`
    expect(events).toEqual([
      {
        type: 'call.queued',
        sequence: 1,
        data: '{"status":"queued","phone_number":"+12025550100","from":"+12025550190"}',
      },
    ])
    const [work] = await sql`select * from work_items where call_id = ${call.id}`
    expect(work).toMatchObject({ kind: 'dial', detail: '', attempt: 0, next_at: new Date(ctx.clock.now()) })
    expect(ctx.wakeUps).toContainEqual({ kind: 'work', id: work?.id })
    expect(await sql`select from deliveries where call_id = ${call.id}`).toHaveLength(0)
  })

  it('delivers call.queued when the call subscribes to it', async () => {
    const { id } = JSON.parse((await create({ webhook_events: ['call.queued'] })).body)
    const rows = await ctx.db.sql`select id, sequence, status, url from deliveries where call_id = ${id}`
    expect(rows).toMatchObject([{ sequence: 1, status: 'pending', url: 'https://example.com/hooks' }])
    expect(ctx.wakeUps).toContainEqual({ kind: 'delivery', id: rows[0]?.id })
  })

  it('keeps the settings of the moment, overrides applied, without a readable secret', async () => {
    const { id } = JSON.parse(
      (
        await create({
          assistant_overrides: { language: 'fr-FR', llm: { headers: { 'X-Key': 'second-secret' } } },
        })
      ).body,
    )
    const [row] = await ctx.db.sql`select assistant, assistant::text as text from calls where id = ${id}`
    expect(row?.assistant).toMatchObject({ name: 'Ada', language: 'fr-FR' })
    expect(Object.keys(row?.assistant.llm.headers)).toEqual(['X-Key'])
    expect(row?.text).not.toMatch(/secret/)
  })

  it('takes two round trips', async () => {
    const statements: string[] = []
    const sql = postgres(ctx.db.url, { max: 1, debug: (_connection, query) => void statements.push(query) })
    await sql`select 1`
    statements.length = 0
    await createCall(
      { ...ctx, db: { ...ctx.db, sql } },
      { organizationId, mode: 'test', request: request(), idempotency: key('two-trips') },
    )
    await sql.end()
    expect(statements).toHaveLength(2)
  })
})

describe('repeats', () => {
  it('rings one phone and answers the same bytes to 20 racing requests with one key', async () => {
    const before = await countCalls()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => create({}, { idempotency: key('race') })),
    )
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1)
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1)
    expect(await countCalls()).toBe(before + 1)
  })

  it('gives only one of racing requests with one key and different bodies a call', async () => {
    const before = await countCalls()
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => create({}, { idempotency: key('differ', `hash ${i}`) })),
    )
    const refused = answers.filter((answer) => answer.status === 'rejected')
    expect(refused.map((answer) => answer.reason.code)).toEqual(Array(9).fill('idempotency_key_reused'))
    expect(await countCalls()).toBe(before + 1)
  })

  it('forgets a key after 24 hours', async () => {
    const first = await create({}, { idempotency: key('old') })
    ctx.clock.advance(24 * 3_600_000 + 1)
    const second = await create({}, { idempotency: key('old', 'another') })
    expect(second.replayed).toBe(false)
    expect(JSON.parse(second.body).id).not.toBe(JSON.parse(first.body).id)
    expect(await create({}, { idempotency: key('old', 'another') })).toEqual({ ...second, replayed: true })
  })

  it('does not remember a refused request, and replays even when the assistant is gone', async () => {
    await expect(create({ assistant_id: 'asst_x' }, { idempotency: key('refused') })).rejects.toMatchObject({
      code: 'unknown_assistant',
    })
    const first = await create({}, { idempotency: key('refused') })
    await ctx.db.sql`update assistants set deleted_at = now() where id = ${assistantId}`
    expect(await create({}, { idempotency: key('refused') })).toEqual({ ...first, replayed: true })
    await ctx.db.sql`update assistants set deleted_at = null where id = ${assistantId}`
  })

  it('keeps keys of organizations apart', async () => {
    const other = (await createOrganization(ctx, { name: 'Other' })).id
    const theirs = await createAssistant(ctx, { organizationId: other, settings: { name: 'B' } })
    const mine = await create({}, { idempotency: key('shared') })
    const answer = await create(
      { assistant_id: theirs.id },
      { organizationId: other, idempotency: key('shared', 'other hash') },
    )
    expect(answer.replayed).toBe(false)
    expect(answer.body).not.toBe(mine.body)
  })
})

describe('refuses', () => {
  it('names the simulated phones when a test key calls another number', async () => {
    const refusal = await create({ phone_number: '+14155552671' }).catch((error) => error)
    expect(refusal).toMatchObject({ code: 'number_not_simulated', fields: [{ pointer: '/phone_number' }] })
    for (const phone of Object.keys(SIMULATED_PHONES)) expect(refusal.message).toContain(phone)
  })

  it('lets a test key show the numbers of the sandbox only', async () => {
    expect(JSON.parse((await create({ from: '+12025550199' })).body).from).toBe('+12025550199')
    for (const from of ['+12025550123', '+14155552671'])
      await expect(create({ from })).rejects.toMatchObject({
        code: 'number_not_owned',
        fields: [{ pointer: '/from' }],
      })
  })

  it('refuses an assistant of another organization like a missing one', async () => {
    const other = (await createOrganization(ctx, { name: 'Other' })).id
    const theirs = await createAssistant(ctx, { organizationId: other, settings: { name: 'B' } })
    for (const assistant_id of [theirs.id, 'asst_nothing'])
      await expect(create({ assistant_id })).rejects.toMatchObject({ code: 'unknown_assistant' })
  })

  it('points at a bad override and at text that cannot be stored', async () => {
    await expect(create({ assistant_overrides: { llm: { provider: 'custom' } } })).rejects.toMatchObject({
      fields: [{ pointer: '/assistant_overrides/llm/url' }],
    })
    await expect(create({ assistant_overrides: { llm: { headers: { New: '***' } } } })).rejects.toMatchObject(
      { fields: [{ pointer: '/assistant_overrides/llm/headers/New' }] },
    )
    await expect(create({ metadata: { note: 'a\0b' } })).rejects.toMatchObject({
      fields: [{ pointer: '/metadata/note' }],
    })
  })

  it('creates nothing when it refuses', async () => {
    const before = await countCalls()
    await create({ phone_number: '+14155552671' }).catch(() => {})
    await create({ assistant_id: 'asst_nothing' }, { idempotency: key('nothing') }).catch(() => {})
    expect(await countCalls()).toBe(before)
    expect(await ctx.db.sql`select from idempotency_keys where key = 'nothing'`).toHaveLength(0)
  })

  it('asks for a carrier account and a number before a live call', async () => {
    const live = () => create({}, { mode: 'live' })
    await expect(live()).rejects.toMatchObject({ code: 'carrier_not_configured' })
  })
})

async function countCalls(): Promise<number> {
  const [row] = await ctx.db.sql`select count(*)::int as count from calls`
  return row?.count
}
