/**
 * A call's life as the carrier, the user and the media process push it on, in every order. The property: whatever comes, in whatever order and
 * however often, the status only goes forward, there is one end, one `call.started` at most, and the log has no gaps.
 */
import type { CarrierCallStatus } from '@phonevoice/carriers/contract'
import { CALL_STATUSES, EVENT_DATA, FINAL_CALL_STATUSES } from '@phonevoice/contracts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTenant, createTestCall, readCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { writeCallChange } from './call-writer.ts'
import {
  acceptInboundCall,
  answerCall,
  type CarrierReport,
  endCall,
  failCall,
  recordCarrierStatus,
  recordUtterance,
  setEndingReason,
} from './index.ts'

let ctx: TestContext
let tenant: Tenant

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  tenant = await createTenant(ctx)
})
afterAll(() => ctx.db.drop())

async function dialingCall(patch: Record<string, unknown> = {}): Promise<string> {
  const callId = await createTestCall(ctx, tenant, patch)
  await writeCallChange(ctx, { callId, fromStatuses: ['queued'], set: { status: 'dialing' } })
  return callId
}

function report(callId: string, status: CarrierCallStatus, patch: Partial<CarrierReport> = {}) {
  return recordCarrierStatus(ctx, {
    callId,
    carrierCallId: 'CA-own',
    status,
    carrierCode: null,
    atMs: ctx.clock.now(),
    ...patch,
  })
}

const utterance = {
  turn: 1,
  role: 'user',
  text: 'Good\0bye',
  text_planned: null,
  interrupted: false,
  start_ms: 10.4,
  end_ms: 20,
  cut_offset_ms: null,
} as const

describe('the ordinary way', () => {
  it('goes from dialing to completed, one event each, and leaves the finish to the workers', async () => {
    const callId = await dialingCall({ metadata: { crm: 7 } })
    await report(callId, 'initiated')
    await report(callId, 'ringing')
    ctx.clock.advance(2000)
    expect(await answerCall(ctx, { callId, carrierCallId: 'CA-own' })).toEqual({ next: 'connect' })
    const answeredAt = new Date(ctx.clock.now())
    expect(await report(callId, 'in-progress')).toEqual({ isNews: false, hangUp: null })
    ctx.clock.advance(12_400)
    expect(await recordUtterance(ctx, { callId, utterance })).toBe(true)
    expect(await recordUtterance(ctx, { callId, utterance })).toBe(false)
    expect(await report(callId, 'completed', { carrierCode: '200' })).toEqual({ isNews: true, hangUp: null })

    const { call, types, events, work, turns } = await readCall(ctx, callId)
    expect(types).toEqual(['call.queued', 'call.ringing', 'call.started', 'transcription', 'call.ended'])
    expect(call).toMatchObject({
      status: 'completed',
      endedReason: 'caller_hung_up',
      startedAt: answeredAt,
      durationSeconds: 12,
      carrierCallId: 'CA-own',
      carrierCode: '200',
    })
    expect(JSON.parse(events[2]?.data ?? '')).toEqual({
      phone_number: '+12025550100',
      from: '+12025550190',
      direction: 'outbound',
      assistant_id: tenant.assistantId,
      metadata: { crm: 7 },
      started_at: answeredAt.toISOString(),
    })
    expect(JSON.parse(events[3]?.data ?? '')).toEqual({ ...utterance, text: 'Goodbye', start_ms: 10 })
    expect(turns).toEqual([{ turn: 1, text: 'Goodbye' }])
    expect(work).toContainEqual({ kind: 'finish', detail: '', next_at: new Date(ctx.clock.now()) })
  })

  it("takes the carrier's own count of seconds", async () => {
    const callId = await dialingCall()
    await report(callId, 'in-progress')
    ctx.clock.advance(9000)
    await report(callId, 'completed', { durationSeconds: 8 })
    expect((await readCall(ctx, callId)).call.durationSeconds).toBe(8)
  })

  it('writes call.started with the end when only the end was reported', async () => {
    const callId = await dialingCall()
    ctx.clock.advance(30_000)
    await report(callId, 'completed', { durationSeconds: 20 })
    const { call, types } = await readCall(ctx, callId)
    expect(types).toEqual(['call.queued', 'call.started', 'call.ended'])
    expect(call.startedAt).toEqual(new Date(ctx.clock.now() - 20_000))
    expect(call).toMatchObject({ status: 'completed', durationSeconds: 20 })
  })

  it('keeps the last words that come after the line went down, until the call is completed', async () => {
    const callId = await dialingCall()
    await report(callId, 'in-progress')
    await report(callId, 'completed')
    expect(await recordUtterance(ctx, { callId, utterance })).toBe(true)
    await ctx.db.sql`update calls set completed_at = now() where id = ${callId}`
    expect(await recordUtterance(ctx, { callId, utterance: { ...utterance, turn: 2 } })).toBe(false)
    expect((await readCall(ctx, callId)).turns).toHaveLength(1)
  })

  it('does not let a carrier whose clock runs ahead put the end into the future', async () => {
    const callId = await dialingCall()
    await report(callId, 'busy', { atMs: ctx.clock.now() + 60_000 })
    expect((await readCall(ctx, callId)).call.endedAt).toEqual(new Date(ctx.clock.now()))
  })
})

describe('ending from our side', () => {
  it('cancels a queued call at once', async () => {
    const callId = await createTestCall(ctx, tenant)
    const call = await endCall(ctx, { ...tenant, callId })
    expect(call).toMatchObject({ status: 'canceled', endedReason: 'canceled', durationSeconds: null })
    const { types, work } = await readCall(ctx, callId)
    expect(types).toEqual(['call.queued', 'call.ended'])
    expect(work.map((item) => item.kind)).toContain('finish')
    await expect(endCall(ctx, { ...tenant, callId })).rejects.toMatchObject({ code: 'call_already_ended' })
  })

  it('hangs up a ringing call at the carrier and reports it canceled', async () => {
    const callId = await dialingCall()
    await report(callId, 'ringing')
    expect(await endCall(ctx, { ...tenant, callId })).toMatchObject({
      status: 'ringing',
      endingReason: 'canceled',
    })
    await endCall(ctx, { ...tenant, callId })
    const { work } = await readCall(ctx, callId)
    expect(work).toContainEqual({ kind: 'hang-up', detail: 'CA-own', next_at: new Date(ctx.clock.now()) })
    await report(callId, 'no-answer')
    expect((await readCall(ctx, callId)).call).toMatchObject({ status: 'canceled', endedReason: 'canceled' })
  })

  it('never starts a call that was picked up while it was being canceled', async () => {
    const callId = await dialingCall()
    await endCall(ctx, { ...tenant, callId })
    expect(await report(callId, 'ringing')).toEqual({ isNews: true, hangUp: 'CA-own' })
    expect(await answerCall(ctx, { callId, carrierCallId: 'CA-own' })).toEqual({ next: 'hang-up' })
    expect(await report(callId, 'in-progress')).toEqual({ isNews: true, hangUp: 'CA-own' })
    await report(callId, 'completed', { durationSeconds: 1 })
    const { call, types } = await readCall(ctx, callId)
    expect(call).toMatchObject({ status: 'canceled', startedAt: null, durationSeconds: null })
    expect(types).toEqual(['call.queued', 'call.ringing', 'call.ended'])
  })

  it('asks the media process to end a conversation, with a hang-up behind it', async () => {
    const callId = await dialingCall()
    await report(callId, 'in-progress')
    await writeCallChange(ctx, { callId, fromStatuses: ['in_progress'], set: { node_id: 'node_1' } })
    await endCall(ctx, { ...tenant, callId })
    expect(ctx.messages).toContainEqual({ topic: 'call-end', nodeId: 'node_1', callId })
    expect(await setEndingReason(ctx, { callId, reason: 'silence_timeout' })).toBe('api_ended')
    expect(await answerCall(ctx, { callId, carrierCallId: 'CA-own' })).toEqual({ next: 'hang-up' })
    await report(callId, 'completed')
    const { call, work } = await readCall(ctx, callId)
    expect(call).toMatchObject({ status: 'completed', endedReason: 'api_ended' })
    expect(work).toContainEqual({
      kind: 'hang-up',
      detail: 'CA-own',
      next_at: new Date(ctx.clock.now() + 10_000),
    })
    expect(await setEndingReason(ctx, { callId, reason: 'max_cost' })).toBeNull()
  })

  it('fails a dial once, with the reason written down before', async () => {
    const callId = await dialingCall()
    expect(await failCall(ctx, { callId, reason: 'carrier_error', carrierCode: '20500' })).toBe(true)
    expect(await failCall(ctx, { callId, reason: 'busy', carrierCode: null })).toBe(false)
    expect((await readCall(ctx, callId)).call).toMatchObject({
      status: 'failed',
      endedReason: 'carrier_error',
      carrierCode: '20500',
    })
    const canceled = await dialingCall()
    await endCall(ctx, { ...tenant, callId: canceled })
    await failCall(ctx, { callId: canceled, reason: 'carrier_error', carrierCode: null })
    expect((await readCall(ctx, canceled)).call).toMatchObject({
      status: 'canceled',
      endedReason: 'canceled',
    })
  })
})

describe('two calls at the carrier', () => {
  it('hangs up the second and leaves the first alone', async () => {
    const callId = await dialingCall()
    await report(callId, 'ringing')
    const before = await readCall(ctx, callId)
    const other = { carrierCallId: 'CA-other' }
    expect(await report(callId, 'ringing', other)).toEqual({ isNews: false, hangUp: 'CA-other' })
    expect(await answerCall(ctx, { callId, ...other })).toEqual({ next: 'hang-up' })
    expect(await report(callId, 'completed', other)).toEqual({ isNews: false, hangUp: null })
    const after = await readCall(ctx, callId)
    expect(after.events).toEqual(before.events)
    expect(after.call).toMatchObject({ status: 'ringing', carrierCallId: 'CA-own' })
    expect(after.work.filter((item) => item.kind === 'hang-up').map((item) => item.detail)).toEqual([
      'CA-other',
    ])
  })

  it('hangs up a call that shows up after it had been given up', async () => {
    const callId = await dialingCall()
    await failCall(ctx, { callId, reason: 'carrier_error', carrierCode: null })
    expect(await report(callId, 'ringing')).toEqual({ isNews: false, hangUp: 'CA-own' })
    expect((await readCall(ctx, callId)).call).toMatchObject({ status: 'failed', carrierCallId: null })
  })
})

describe('an incoming call', () => {
  const inbound = (carrierCallId: string) =>
    acceptInboundCall(ctx, {
      ...tenant,
      mode: 'test',
      from: '+12025550100',
      to: '+12025550190',
      carrierCallId,
      carrierAccountId: null,
    })

  it('is one call however often the carrier asks', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => inbound('CA-in')))
    expect(new Set(answers.map((answer) => answer.call.id)).size).toBe(1)
    expect(answers.filter((answer) => answer.isNew)).toHaveLength(1)
    const callId = answers[0]?.call.id ?? ''
    expect(await answerCall(ctx, { callId, carrierCallId: 'CA-in' })).toEqual({ next: 'connect' })
    const { call, types, work } = await readCall(ctx, callId)
    expect(types).toEqual(['call.ringing', 'call.started'])
    expect(call).toMatchObject({
      direction: 'inbound',
      phoneNumber: '+12025550100',
      fromNumber: '+12025550100',
    })
    expect(work).toEqual([])
  })
})

describe('any order', () => {
  const statuses: CarrierCallStatus[] = [
    'queued',
    'initiated',
    'ringing',
    'in-progress',
    'completed',
    'busy',
    'no-answer',
    'failed',
    'canceled',
  ]
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('report' as const),
        status: fc.constantFrom(...statuses),
        other: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('answer' as const, 'end' as const, 'fail' as const, 'reason' as const),
      }),
    },
  )

  it('keeps every promise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        async (steps, atOnce) => {
          const callId = await dialingCall()
          const run = async (item: (typeof steps)[number]) => {
            if (item.kind === 'report')
              return await report(callId, item.status, item.other ? { carrierCallId: 'CA-other' } : {})
            if (item.kind === 'answer') return await answerCall(ctx, { callId, carrierCallId: 'CA-own' })
            if (item.kind === 'fail')
              return await failCall(ctx, { callId, reason: 'media_lost', carrierCode: null })
            if (item.kind === 'reason') return await setEndingReason(ctx, { callId, reason: 'max_duration' })
            return await endCall(ctx, { ...tenant, callId }).catch((error) =>
              expect(error.code).toBe('call_already_ended'),
            )
          }
          const seen: (typeof CALL_STATUSES)[number][] = ['dialing']
          if (atOnce) await Promise.all(steps.map(run))
          else
            for (const item of steps) {
              ctx.clock.advance(700)
              await run(item)
              seen.push((await readCall(ctx, callId)).call.status)
            }
          // The promise is about calls that end: let this one.
          await report(callId, 'completed', {
            carrierCallId: (await readCall(ctx, callId)).call.carrierCallId ?? 'CA-own',
          })

          const { call, events, types, work } = await readCall(ctx, callId)
          const ranks = seen.map((status) => Math.min(CALL_STATUSES.indexOf(status), 4))
          expect(ranks).toEqual([...ranks].sort((a, b) => a - b))
          expect(FINAL_CALL_STATUSES.has(call.status)).toBe(true)
          const ends = new Set(seen.filter((status) => FINAL_CALL_STATUSES.has(status)))
          expect([...ends, call.status].every((status) => status === call.status)).toBe(true)
          expect(events.map((event) => event.sequence)).toEqual(events.map((_, i) => i + 1))
          expect(types.filter((type) => type === 'call.ended')).toHaveLength(1)
          expect(types.at(-1)).toBe('call.ended')
          expect(types.filter((type) => type === 'call.started')).toHaveLength(call.startedAt ? 1 : 0)
          expect(types.filter((type) => type === 'call.ringing').length).toBeLessThanOrEqual(1)
          expect(work.filter((item) => item.kind === 'finish')).toHaveLength(1)
          const ended = EVENT_DATA['call.ended'].parse(JSON.parse(events.at(-1)?.data ?? ''))
          expect(ended).toEqual({
            status: call.status,
            ended_reason: call.endedReason,
            duration_seconds: call.durationSeconds,
          })
          expect(call.durationSeconds === null).toBe(call.startedAt === null)
          if (call.startedAt && call.endedAt) expect(call.endedAt >= call.startedAt).toBe(true)
        },
      ),
      { numRuns: 120 },
    )
  })
})
