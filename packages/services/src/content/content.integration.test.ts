/** Goal: after a deletion nothing that was said can be found anywhere, whoever was writing at the moment, and the frame is whole. */
import { EVENT_TYPES } from '@phonevoice/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { listAuditEntries } from '../audit/index.ts'
import {
  createCall,
  endCall,
  getTranscript,
  listEvents,
  recordCarrierStatus,
  recordUtterance,
} from '../calls/index.ts'
import { type ClaimedDelivery, claimDeliveries, recordAttempt } from '../deliveries/index.ts'
import { type FinishInput, finishCall } from '../finish/index.ts'
import {
  addRecordingPart,
  completeRecording,
  findRecording,
  mintRecordingLink,
  openRecordingLink,
  startRecording,
} from '../recordings/index.ts'
import { createTenant, createTestCall, readCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { claimWork, settleWork, type WorkKind } from '../work/index.ts'
import { markDeleted } from './delete-content.ts'
import { deleteCallContent, eraseContent } from './index.ts'

const PHONE = '+12025550100'

let ctx: TestContext
let tenant: Tenant
/** Said on the calls of one test, and nowhere else. */
let secret = ''
let tests = 0
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
})
afterAll(() => ctx.db.drop())
beforeEach(async () => {
  tenant = await createTenant(ctx)
  secret = `my card number is nine-${++tests}-nine`
})

/** What storage holds, by key; a failure is thrown instead when set. */
const files = { keys: new Set<string>(), failure: null as Error | null }
async function deleteFiles(prefix: string): Promise<void> {
  if (files.failure) throw files.failure
  for (const key of files.keys) if (key.startsWith(prefix)) files.keys.delete(key)
}

let carrierCalls = 0
async function report(
  callId: string,
  status: 'in-progress' | 'completed',
  carrierCallId: string,
): Promise<void> {
  await recordCarrierStatus(ctx, { callId, carrierCallId, carrierCode: null, status, atMs: ctx.clock.now() })
}

/** A recorded call on which somebody said the secret; it has ended, and nobody has finished it yet. */
async function endedCall(): Promise<string> {
  const callId = await createTestCall(ctx, tenant, {
    phone_number: PHONE,
    metadata: { note: secret },
    variables: { note: secret },
    assistant_overrides: { instructions: secret },
    record: true,
    webhook_events: [...EVENT_TYPES],
  })
  const carrierCallId = `CA${++carrierCalls}`
  await report(callId, 'in-progress', carrierCallId)
  await say(callId, 1)
  await ctx.db.sql`
    insert into streams (id, call_id, node_id, token_hash, minted_at, expires_at, opened_at, closed_at)
    select ${`strm_${callId}`}, id, 'node', ${callId}, started_at, started_at, started_at, started_at from calls where id = ${callId}`
  await startRecording(ctx, { callId })
  await writePart(callId, 1)
  ctx.clock.advance(5000)
  await report(callId, 'completed', carrierCallId)
  return callId
}

async function say(callId: string, turn: number): Promise<boolean> {
  const utterance = {
    turn,
    role: 'user' as const,
    text: secret,
    text_planned: null,
    interrupted: false,
    start_ms: 0,
    end_ms: 9,
  }
  return recordUtterance(ctx, { callId, utterance })
}

async function writePart(callId: string, number: number): Promise<void> {
  const storageKey = `recordings/${callId}/${number}.ulaw`
  files.keys.add(storageKey)
  const part = {
    streamId: `strm_${callId}`,
    number,
    storageKey,
    offsetMs: 0,
    durationMs: 1000,
    isLast: false,
  }
  await addRecordingPart(ctx, part)
}

/** Claims the call's work of a kind, if it is due. */
async function claim(callId: string, kind: WorkKind) {
  const due = await claimWork(ctx, { kinds: [kind], limit: 100 })
  for (const other of due)
    if (other.callId !== callId) await settleWork(ctx, other, { nextAtMs: ctx.clock.now() })
  return due.find((work) => work.callId === callId) ?? null
}

/** Does what the worker does about a deletion that is due; false: nothing is. */
async function erase(callId: string): Promise<boolean> {
  const work = await claim(callId, 'erase')
  if (!work) return false
  const step = await eraseContent(ctx, { work, deleteFiles })
  return await settleWork(ctx, work, step)
}

async function finish(callId: string, input: Partial<FinishInput> = {}): Promise<void> {
  const work = await claim(callId, 'finish')
  if (!work) throw new Error('The call is not to be finished.')
  const analyst = {
    provider: 'openai',
    model: 'm',
    completeJson: async () => ({
      value: { summary: secret, sentiment: 'neutral', intent: secret },
      usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, isMeasured: true },
    }),
  }
  await finishCall(ctx, {
    work,
    timers: ctx.clock,
    analystFor: () => analyst,
    mergeRecording: async ({ storageKey }) => {
      files.keys.add(storageKey)
      return { sizeBytes: 1, durationMs: 1000, missingParts: 0 }
    },
    ...input,
  })
  await settleWork(ctx, work, { nextAtMs: null })
}

async function claimDelivery(callId: string): Promise<ClaimedDelivery> {
  const claimed = await claimDeliveries(ctx, { limit: 100 })
  const delivery = claimed.deliveries.find((candidate) => candidate.callId === callId)
  if (!delivery) throw new Error('Nothing is to be delivered.')
  return delivery
}

/** The tables in which a text can be found. */
async function whereIs(text: string): Promise<string[]> {
  const { sql } = ctx.db
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by name`
  const found = []
  for (const { name } of tables) {
    const rows = await sql`select from ${sql(name)} t where to_jsonb(t)::text like ${`%${text}%`} limit 1`
    if (rows.length > 0) found.push(name)
  }
  return found
}
const remove = (callId: string) => deleteCallContent(ctx, { ...tenant, callId })

describe('a call whose content is deleted', () => {
  it('is a frame: nothing that was said is in any table or file, and what is billed stays', async () => {
    const callId = await endedCall()
    await finish(callId)
    const delivery = await claimDelivery(callId)
    const attempt = {
      delivery,
      startedAtMs: 0,
      durationMs: 1,
      responseStatus: 500,
      error: null,
      retryAfterMs: null,
    }
    await recordAttempt(ctx, { ...attempt, responseExcerpt: `you sent ${secret} of ${PHONE}` })
    const before = await readCall(ctx, callId)
    expect(await whereIs(secret)).toContain('turns')
    expect([...files.keys].filter((key) => key.includes(callId))).toHaveLength(2)

    const deleted = await remove(callId)
    expect(deleted.contentDeletedAt).toEqual(new Date(ctx.clock.now()))
    expect([await whereIs(secret), await whereIs(PHONE)]).toEqual([[], []])
    const after = await readCall(ctx, callId)
    expect(after.call).toEqual({
      ...before.call,
      phoneNumber: '+*******0100',
      metadata: '{}',
      variables: '{}',
      assistant: {},
      analysis: null,
      contentDeletedAt: new Date(ctx.clock.now()),
    })
    const strip = (events: typeof after.events) => events.map(({ data: _, ...frame }) => frame)
    expect(strip(after.events)).toEqual(strip(before.events))
    expect(new Set(after.events.map((event) => event.data))).toEqual(new Set(['{"redacted":true}']))

    ctx.clock.advance(10)
    expect(await erase(callId)).toBe(true)
    expect([...files.keys].filter((key) => key.includes(callId))).toEqual([])
  })

  it('is deleted once, however often one asks, and the audit log says by whom', async () => {
    const callId = await endedCall()
    await finish(callId)
    const asked = {
      ...ctx,
      actor: { type: 'api_key' as const, id: 'key_1', requestId: 'req_1', ipAddress: null },
    }
    const [first, second] = await Promise.all(
      [1, 2].map(() => deleteCallContent(asked, { ...tenant, callId })),
    )
    ctx.clock.advance(1000)
    expect([second, await remove(callId)]).toEqual([first, first])
    const { items } = await listAuditEntries(ctx, { ...tenant, action: 'call.content_deleted' })
    expect(items).toMatchObject([
      {
        resource_id: callId,
        mode: 'test',
        actor: { type: 'api_key', id: 'key_1' },
        details: { reason: 'request' },
      },
    ])
  })

  it('shows no transcript, opens no link, and sends redacted events', async () => {
    const callId = await endedCall()
    await finish(callId)
    const recording = await findRecording(ctx, { callId })
    const { token } = mintRecordingLink(ctx, { recording: recording! })
    await openRecordingLink(ctx, { token })
    // Only marked, as if the process had died right after: nobody may be shown anything from here on.
    await ctx.db.sql`update calls set content_deleted_at = ${new Date(ctx.clock.now())} where id = ${callId}`
    for (const look of [
      () => openRecordingLink(ctx, { token }),
      () => getTranscript(ctx, { ...tenant, callId }),
    ])
      await expect(look()).rejects.toMatchObject({ code: 'content_deleted' })
    const events = await listEvents(ctx, { ...tenant, callId, after: 0 })
    expect(new Set(events.map((event) => event.data))).toEqual(new Set(['{"redacted":true}']))
    await remove(callId)
    expect((await claimDelivery(callId)).body).toContain('"data":{"redacted":true}')
  })

  it('answers a repeated creation without what is gone', async () => {
    const phone = { phone_number: PHONE, assistant_id: tenant.assistantId, metadata: { note: secret } }
    const request = {
      ...tenant,
      mode: 'test' as const,
      request: phone,
      idempotency: { key: 'k', requestHash: 'h' },
    }
    const { id: callId } = JSON.parse((await createCall(ctx, request)).body)
    await endCall(ctx, { ...tenant, callId })
    await remove(callId)
    const replay = await createCall(ctx, request)
    expect(replay.replayed).toBe(true)
    expect(JSON.parse(replay.body)).toMatchObject({ id: callId, phone_number: '+*******0100', metadata: {} })
  })
})

describe('whoever is late', () => {
  it('a call that is not over is not touched', async () => {
    const callId = await createTestCall(ctx, tenant)
    await expect(remove(callId)).rejects.toMatchObject({ code: 'call_not_ended' })
    expect((await readCall(ctx, callId)).call.contentDeletedAt).toBeNull()
  })

  it('the last words, parts and the end of the finishing bring nothing back', async () => {
    const callId = await endedCall()
    const merging = gate()
    const goOn = gate()
    const finished = finish(callId, {
      mergeRecording: async ({ storageKey }) => {
        merging.open()
        await goOn.opened
        files.keys.add(storageKey)
        return { sizeBytes: 1, durationMs: 1000, missingParts: 0 }
      },
    })
    await merging.opened
    await remove(callId)
    expect(await say(callId, 2)).toBe(true)
    await writePart(callId, 2)
    goOn.open()
    await finished
    expect(await whereIs(secret)).toEqual([])
    const { types, call, turns } = await readCall(ctx, callId)
    expect(types.filter((type) => type === 'call.completed')).toHaveLength(1)
    expect([call.analysis, turns]).toEqual([null, []])
    expect(call.costMicroUsd).not.toBeNull()
    expect(await findRecording(ctx, { callId })).toMatchObject({ status: 'deleted', storageKey: null })
    // What the merge left is found when nobody can be left who writes.
    ctx.clock.advance(10)
    await erase(callId)
    files.keys.add(`recordings/${callId}/call.wav`)
    ctx.clock.advance(5 * 60_000)
    expect(await erase(callId)).toBe(true)
    expect([...files.keys].filter((key) => key.includes(callId))).toEqual([])
    ctx.clock.advance(24 * 3_600_000)
    expect(await erase(callId)).toBe(false)
  })

  it('writers that race with the deletion never leave a word', async () => {
    for (let round = 0; round < 10; round++) {
      const callId = await endedCall()
      const words = Array.from({ length: 8 }, (_, turn) => say(callId, turn + 2))
      await Promise.all([...words, remove(callId), remove(callId), completeRecordingOf(callId)])
      const { events, turns, call } = await readCall(ctx, callId)
      expect([...new Set(events.map((event) => event.data)), ...turns]).toEqual(['{"redacted":true}'])
      expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1))
      expect(call.lastSequence).toBe(events.length)
      expect((await findRecording(ctx, { callId }))?.status).toBe('deleted')
    }
  })

  it('a deletion that was broken off is finished by the worker, also when storage fails', async () => {
    const callId = await endedCall()
    await finish(callId)
    // The process died between the mark and everything else.
    await markDeleted(ctx, (await readCall(ctx, callId)).call, 'request')
    expect(await whereIs(secret)).toContain('turns')
    ctx.clock.advance(10)
    files.failure = new Error('the disk is away')
    const work = await claim(callId, 'erase')
    await expect(eraseContent(ctx, { work: work!, deleteFiles })).rejects.toThrow('the disk is away')
    expect(await whereIs(secret)).toEqual([])
    files.failure = null
    // Nobody gave the work back: its lease ends.
    ctx.clock.advance(60_000)
    expect(await erase(callId)).toBe(true)
    expect([...files.keys].filter((key) => key.includes(callId))).toEqual([])
  })
})

it('every table that belongs to calls has been thought of', async () => {
  const tables = await ctx.db.sql<{ name: string }[]>`
    select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'call_id' order by name`
  const emptied = ['call_commands', 'call_events', 'call_notes', 'recordings', 'turns']
  // Ids, times and numbers only; of deliveries the URL, which is the customer's own.
  const frame = ['deliveries', 'streams', 'turn_measurements', 'usage_items', 'work_items']
  expect(tables.map(({ name }) => name)).toEqual([...emptied, ...frame].sort())
})

async function completeRecordingOf(callId: string): Promise<void> {
  await completeRecording(ctx, {
    callId,
    status: 'ready',
    storageKey: `recordings/${callId}/call.wav`,
    durationMs: 1,
    sizeBytes: 1,
  })
}

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
