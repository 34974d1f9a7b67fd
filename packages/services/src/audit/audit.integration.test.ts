import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import type { Actor } from '../context.ts'
import { createTenant, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { type AuditFilter, auditReads, insertAudit, listAuditEntries, writeAudit } from './index.ts'

let ctx: TestContext
let mine: Tenant
const actor: Actor = { type: 'api_key', id: 'key_1', requestId: 'req_1', ipAddress: '192.0.2.7' }

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  mine = await createTenant(ctx)
})
afterAll(() => ctx.db.drop())

const read = async (filter: Partial<AuditFilter> = {}) =>
  (await listAuditEntries(ctx, { ...mine, ...filter })).items

it('tells who did what, when and to what', async () => {
  const { organizationId } = mine
  const entry = { organizationId, action: 'api_key.created', resourceId: 'key_2' } as const
  await writeAudit({ ...ctx, actor }, { ...entry, mode: 'test', details: { name: 'ci' } })
  expect(await read({ resourceId: 'key_2' })).toEqual([
    {
      id: expect.stringMatching(/^aud_/),
      object: 'audit_entry',
      occurred_at: new Date(ctx.clock.now()).toISOString(),
      action: 'api_key.created',
      mode: 'test',
      resource_id: 'key_2',
      actor: { type: 'api_key', id: 'key_1', ip_address: '192.0.2.7' },
      request_id: 'req_1',
      details: { name: 'ci' },
    },
  ])
})

it('is written exactly when the change is', async () => {
  const { sql } = ctx.db
  const rename = (from: string, to: string) => sql`
    with changed as (
      update organizations set name = ${to} where id = ${mine.organizationId} and name = ${from} returning id
    ), audited as (${insertAudit(ctx, { ...mine, action: 'limits.updated', resourceId: to }, 'changed')})
    select id from changed`
  await rename('nobody', 'a')
  expect(await read({ resourceId: 'a' })).toEqual([])
  await rename('Tenant', 'b')
  expect(await read({ resourceId: 'b' })).toMatchObject([{ actor: { type: 'system', id: null } }])
})

it('writes what is read again and again by the same reader once a minute', async () => {
  const entry = { ...mine, action: 'recording.downloaded' } as const
  const fetched = (from: Actor, resourceIds: string[]) =>
    auditReads({ ...ctx, actor: from }, { ...entry, resourceIds })
  const count = async (resourceId: string) => (await read({ resourceId })).length
  await fetched(actor, ['call_1'])
  await fetched(actor, ['call_1', 'call_2'])
  expect([await count('call_1'), await count('call_2')]).toEqual([1, 1])
  await fetched({ ...actor, ipAddress: '192.0.2.8' }, ['call_1'])
  await fetched({ ...actor, id: 'key_3' }, ['call_1'])
  expect(await count('call_1')).toBe(3)
  ctx.clock.advance(60_000)
  await fetched(actor, ['call_1'])
  expect([await count('call_1'), await count('call_2')]).toEqual([4, 1])
})

it('filters by action, resource, time and mode, page by page, and shows no other organization', async () => {
  const tenant = await createTenant(ctx)
  const start = ctx.clock.now()
  for (let i = 0; i < 6; i++) {
    const mode = i % 2 === 0 ? ('test' as const) : ('live' as const)
    await writeAudit(ctx, { ...tenant, mode, action: 'api_key.revoked', resourceId: `key_${i}` })
    ctx.clock.advance(1000)
  }
  await writeAudit(ctx, { ...tenant, action: 'limits.updated' })
  const found = async (filter: Partial<AuditFilter>) =>
    (await listAuditEntries(ctx, { ...tenant, ...filter })).items.map((item) => item.resource_id)
  expect(await found({ mode: 'test' })).toEqual([null, 'key_4', 'key_2', 'key_0'])
  expect(await found({ action: 'limits.updated' })).toEqual([null])
  expect(await found({ after: new Date(start + 4000), before: new Date(start + 6000) })).toEqual([
    'key_5',
    'key_4',
  ])
  const first = await listAuditEntries(ctx, { ...tenant, limit: 4 })
  const rest = await listAuditEntries(ctx, { ...tenant, limit: 4, cursor: first.nextCursor ?? '' })
  expect([...first.items, ...rest.items].map((item) => item.resource_id)).toEqual(await found({}))
  expect(rest.nextCursor).toBeNull()
  expect((await read()).map((item) => item.resource_id)).not.toContain('key_5')
})

it('refuses to forget, until an entry is a year old', async () => {
  const { sql } = ctx.db
  // The database asks its own clock, not the test's.
  const agedDays = (days: number) => ({ ...ctx, clock: { now: () => Date.now() - days * 86_400_000 } })
  await writeAudit(agedDays(364), { ...mine, action: 'limits.updated', resourceId: 'kept' })
  await writeAudit(agedDays(366), { ...mine, action: 'limits.updated', resourceId: 'old' })
  for (const statement of [
    sql`update audit_entries set actor = 'admin'`,
    sql`delete from audit_entries where resource_id = 'kept'`,
    sql`truncate audit_entries`,
  ])
    await expect(statement).rejects.toMatchObject({ code: '23001' })
  await sql`delete from audit_entries where resource_id = 'old'`
  expect(await read({ resourceId: 'kept' })).toMatchObject([{ actor: { type: 'system' } }])
  expect(await read({ resourceId: 'old' })).toEqual([])
})
