/** Goal: what an organization no longer wants to keep is deleted in time, fairly and for good, and nothing else is. Time passes only when the test moves it. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { listAuditEntries } from '../audit/index.ts'
import { answerCall } from '../calls/index.ts'
import { eraseContent } from '../content/index.ts'
import { announceNode } from '../media-nodes/index.ts'
import { findRecording, startRecording } from '../recordings/index.ts'
import { mintStream, openStream } from '../streams/index.ts'
import { createTenant, createTestCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { claimWork } from '../work/index.ts'
import { deleteExpiredContent, deleteExpiredRecordings, getPrivacyPolicy, setPrivacyPolicy } from './index.ts'

const DAY_MS = 86_400_000

let ctx: TestContext
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
})
afterAll(() => ctx.db.drop())

/** A recorded call that was completed now. */
async function completedCall(tenant: Tenant): Promise<string> {
  const callId = await createTestCall(ctx, tenant, { record: true, metadata: { note: 'personal' } })
  await ctx.db.sql`
    update calls set status = 'completed', started_at = created_at, ended_at = created_at, completed_at = created_at where id = ${callId}`
  await startRecording(ctx, { callId })
  await ctx.db
    .sql`update recordings set status = 'ready', storage_key = ${`recordings/${callId}/call.wav`} where call_id = ${callId}`
  return callId
}

const marked = async (tenant: Tenant) =>
  (
    await ctx.db.sql<{ id: string }[]>`
    select id from calls where organization_id = ${tenant.organizationId} and content_deleted_at is not null order by id`
  ).map(({ id }) => id)

/** Does the work that is due, with storage that only notes what it is asked to delete. */
async function doWork(): Promise<string[]> {
  const prefixes: string[] = []
  for (const work of await claimWork(ctx, { kinds: ['erase'], limit: 1000 }))
    await eraseContent(ctx, { work, deleteFiles: async (prefix) => void prefixes.push(prefix) })
  return prefixes
}

it('content is deleted when its days are over, and not before', async () => {
  const [mine, theirs] = [await createTenant(ctx), await createTenant(ctx)]
  expect(await getPrivacyPolicy(ctx, mine)).toEqual({
    contentDays: null,
    recordingDays: null,
    isRecordingForbidden: false,
  })
  await setPrivacyPolicy(ctx, { ...mine, change: { contentDays: 30 } })
  const old = await completedCall(mine)
  await completedCall(theirs)
  ctx.clock.advance(DAY_MS)
  const recent = await completedCall(mine)

  ctx.clock.advance(29 * DAY_MS)
  expect(await deleteExpiredContent(ctx, { limit: 10 })).toBe(0)
  ctx.clock.advance(1)
  expect(await deleteExpiredContent(ctx, { limit: 10 })).toBe(1)
  expect([await marked(mine), await marked(theirs)]).toEqual([[old], []])
  ctx.clock.advance(10)
  expect(await doWork()).toEqual([`recordings/${old}/`])
  const [row] = await ctx.db.sql`select metadata from calls where id = ${old}`
  expect(row?.metadata).toBe('{}')

  ctx.clock.advance(DAY_MS)
  await deleteExpiredContent(ctx, { limit: 10 })
  expect(await marked(mine)).toEqual([old, recent])
  const { items } = await listAuditEntries(ctx, { ...mine, action: 'call.content_deleted' })
  expect(items).toMatchObject([
    { resource_id: recent, actor: { type: 'system' }, details: { reason: 'retention' } },
    { resource_id: old },
  ])
  expect((await listAuditEntries(ctx, { ...mine, action: 'retention.updated' })).items).toMatchObject([
    { details: { content_days: 30 } },
  ])
})

it('a backlog is worked off in bounded passes, and nobody waits for another', async () => {
  const [large, small] = [await createTenant(ctx), await createTenant(ctx)]
  for (let i = 0; i < 12; i++) await completedCall(large)
  ctx.clock.advance(1000)
  for (let i = 0; i < 2; i++) await completedCall(small)
  for (const tenant of [large, small]) await setPrivacyPolicy(ctx, { ...tenant, change: { contentDays: 1 } })
  ctx.clock.advance(2 * DAY_MS)
  const passes = []
  for (let count = 1; count > 0; ) {
    count = await deleteExpiredContent(ctx, { limit: 4 })
    passes.push([count, (await marked(small)).length])
  }
  expect(passes).toEqual([
    [4, 2],
    [4, 2],
    [4, 2],
    [2, 2],
    [0, 2],
  ])
  expect(await marked(large)).toHaveLength(12)
})

it('two workers at once mark each call once', async () => {
  const tenant = await createTenant(ctx)
  for (let i = 0; i < 5; i++) await completedCall(tenant)
  await setPrivacyPolicy(ctx, { ...tenant, change: { contentDays: 1 } })
  ctx.clock.advance(2 * DAY_MS)
  await Promise.all([1, 2, 3].map(() => deleteExpiredContent(ctx, { limit: 10 })))
  const { items } = await listAuditEntries(ctx, { ...tenant, action: 'call.content_deleted', limit: 100 })
  expect(items).toHaveLength(5)
})

it('recordings can go before the rest', async () => {
  const tenant = await createTenant(ctx)
  await setPrivacyPolicy(ctx, { ...tenant, change: { recordingDays: 7 } })
  const calls = [await completedCall(tenant), await completedCall(tenant)]
  ctx.clock.advance(8 * DAY_MS)
  const later = await completedCall(tenant)
  expect(await deleteExpiredRecordings(ctx, { limit: 10 })).toBe(2)
  expect(await deleteExpiredRecordings(ctx, { limit: 10 })).toBe(0)
  ctx.clock.advance(10)
  expect((await doWork()).filter((prefix) => prefix.includes(calls[0] ?? ''))).toHaveLength(1)
  const statuses = await Promise.all(
    [...calls, later].map(async (callId) => (await findRecording(ctx, { callId }))?.status),
  )
  expect(statuses).toEqual(['deleted', 'deleted', 'ready'])
  expect(await marked(tenant)).toEqual([])
})

it('where recording is forbidden no stream records, unless it had begun', async () => {
  await announceNode(ctx, { nodeId: 'node_a', origin: 'wss://a.test', isReady: true, activeCalls: 0 })
  const tenant = await createTenant(ctx)
  const open = async (callId: string, from = ctx) => {
    const { token } = await mintStream(from, { callId, streamNumber: 2 })
    const stream = { token, carrierCallId: `CA-${callId}`, carrierStreamId: 'MZ', nodeId: 'node_a' }
    return (await openStream(from, stream))?.isRecorded
  }
  const answered = async () => {
    const callId = await createTestCall(ctx, tenant, { record: true })
    await answerCall(ctx, { callId, carrierCallId: `CA-${callId}` })
    return callId
  }
  const begun = await answered()
  expect(await open(begun)).toBe(true)
  await startRecording(ctx, { callId: begun })
  expect(
    await open(await answered(), { ...ctx, settings: { ...ctx.settings, isRecordingForbidden: true } }),
  ).toBe(false)
  await setPrivacyPolicy(ctx, { ...tenant, change: { isRecordingForbidden: true } })
  const asked = await answered()
  expect([await open(begun), await open(asked)]).toEqual([true, false])
  const [row] = await ctx.db.sql`select is_recorded from calls where id = ${asked}`
  expect(row?.is_recorded).toBe(false)
  await setPrivacyPolicy(ctx, { ...tenant, change: { isRecordingForbidden: false } })
  expect(await open(await answered())).toBe(true)
})

it('days that are no days are refused', async () => {
  const tenant = await createTenant(ctx)
  for (const contentDays of [0, -1, 1.5, 1e9])
    await expect(setPrivacyPolicy(ctx, { ...tenant, change: { contentDays } })).rejects.toMatchObject({
      code: 'invalid_request',
    })
})
