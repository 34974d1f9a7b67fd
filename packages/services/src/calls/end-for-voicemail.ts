import type { ServiceContext } from '../context.ts'
import { findCall } from './call-row.ts'
import { setEndingReason } from './set-ending-reason.ts'

/**
 * The carrier has heard a machine: the conversation is ended as `voicemail`. Detectors take people with a long first sentence for machines, and a
 * verdict comes seconds late; so it is believed only while the call looks like one. A machine talks at once and does not listen: as soon as the
 * caller has had a turn, or has heard out what the assistant said, it is a person. After a beep one turn is its greeting, which a quick assistant may
 * already be answering. False: not believed, already ending, or over.
 */
export async function endForVoicemail(
  ctx: ServiceContext,
  input: { callId: string; hasBeeped: boolean },
): Promise<boolean> {
  const [talk] = await ctx.db.sql<{ said: number; heard_out: number }[]>`
    select count(*) filter (where role = 'user')::int as said,
      count(*) filter (where role = 'assistant' and not interrupted)::int as heard_out
    from turns where call_id = ${input.callId}`
  if (talk && (talk.heard_out > 0 || talk.said > (input.hasBeeped ? 1 : 0))) return false
  const reason = await setEndingReason(ctx, { callId: input.callId, reason: 'voicemail' })
  if (reason !== 'voicemail') return false
  const call = await findCall(ctx, input.callId)
  if (call?.nodeId) ctx.publish({ topic: 'call-end', nodeId: call.nodeId, callId: input.callId })
  return true
}
