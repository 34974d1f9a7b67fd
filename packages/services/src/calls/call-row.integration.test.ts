import { newId } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTenant, createTestCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { type CallRow, findCall, getCall } from './call-row.ts'

let ctx: TestContext
let tenant: Tenant
let callId: string

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  tenant = await createTenant(ctx)
  callId = await createTestCall(ctx, tenant)
})
afterAll(() => ctx.db.drop())

async function asDrizzleReadsIt() {
  const [row] = await ctx.db.orm.select().from(schema.calls).where(eq(schema.calls.id, callId))
  return row
}

describe('the row of a call', () => {
  it('is what the schema says, before anything has happened and when every column is filled', async () => {
    expect(await findCall(ctx, callId)).toEqual(await asDrizzleReadsIt())
    const at = new Date(ctx.clock.now())
    const filled = {
      status: 'completed',
      webhookUrl: 'https://example.com/a',
      webhookEvents: ['call.started', 'call.completed'],
      metadata: '{"b":1,"a":"\\"é"}',
      maxCostMicroUsd: 2 ** 40,
      startedAt: at,
      endedAt: at,
      completedAt: at,
      durationSeconds: 12,
      costMicroUsd: 123_456,
      costBreakdown: '[]',
    } satisfies Partial<CallRow>
    await ctx.db.orm.update(schema.calls).set(filled).where(eq(schema.calls.id, callId))
    const row = await findCall(ctx, callId)
    expect(row).toEqual(await asDrizzleReadsIt())
    expect(row).toMatchObject(filled)
    expect(row?.createdAt).toBeInstanceOf(Date)
    expect(row?.assistant).toBeTypeOf('object')
  })

  it('belongs to one organization, and to keys of its mode', async () => {
    const { organizationId } = tenant
    expect((await getCall(ctx, { organizationId, callId })).id).toBe(callId)
    expect((await getCall(ctx, { organizationId, callId, mode: 'test' })).id).toBe(callId)
    const other = await createTenant(ctx)
    const refused = [
      { organizationId, callId, mode: 'live' },
      { organizationId: other.organizationId, callId },
      { organizationId, callId: newId('call') },
      { organizationId, callId: `${callId}\0` },
    ] as const
    for (const key of refused) await expect(getCall(ctx, key)).rejects.toMatchObject({ code: 'not_found' })
    expect(await findCall(ctx, newId('call'))).toBeNull()
  })
})
