import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTenant, createTestCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { answerCall, endForVoicemail, findCall, recordUtterance } from './index.ts'

let ctx: TestContext
let tenant: Tenant
let calls = 0
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  tenant = await createTenant(ctx)
})
afterAll(() => ctx.db.drop())

async function answeredCall(): Promise<string> {
  const callId = await createTestCall(ctx, tenant)
  await answerCall(ctx, { callId, carrierCallId: `CA-voicemail-${++calls}` })
  return callId
}

async function say(callId: string, role: 'user' | 'assistant', interrupted: boolean): Promise<void> {
  const text = 'Hello.'
  await recordUtterance(ctx, {
    callId,
    utterance: {
      turn: 1,
      role,
      text,
      text_planned: role === 'user' ? null : text,
      interrupted,
      start_ms: 0,
      end_ms: 900,
    },
  })
}

describe('a machine heard by the carrier', () => {
  it('ends a call in which nobody has listened yet', async () => {
    const callId = await answeredCall()
    await say(callId, 'assistant', true)
    expect(await endForVoicemail(ctx, { callId, hasBeeped: false })).toBe(true)
    expect((await findCall(ctx, callId))?.endingReason).toBe('voicemail')
  })

  it.each([
    ['has had a turn', 'user' as const],
    ['has heard the assistant out', 'assistant' as const],
  ])('is not believed of a caller who %s', async (_, role) => {
    const callId = await answeredCall()
    await say(callId, role, false)
    expect(await endForVoicemail(ctx, { callId, hasBeeped: false })).toBe(false)
    expect((await findCall(ctx, callId))?.endingReason).toBeNull()
  })

  it('is believed after a beep, although its greeting was taken for a turn, but not of a conversation', async () => {
    const callId = await answeredCall()
    await say(callId, 'user', false)
    expect(await endForVoicemail(ctx, { callId, hasBeeped: true })).toBe(true)
    const other = await answeredCall()
    await say(other, 'assistant', false)
    expect(await endForVoicemail(ctx, { callId: other, hasBeeped: true })).toBe(false)
  })

  it('changes nothing about a call that is already ending', async () => {
    const callId = await answeredCall()
    await endForVoicemail(ctx, { callId, hasBeeped: false })
    expect(await endForVoicemail(ctx, { callId, hasBeeped: false })).toBe(true)
    const queued = await createTestCall(ctx, tenant)
    await ctx.db
      .sql`update calls set status = 'completed', ended_at = now(), ended_reason = 'caller_hung_up' where id = ${queued}`
    expect(await endForVoicemail(ctx, { callId: queued, hasBeeped: false })).toBe(false)
  })
})
