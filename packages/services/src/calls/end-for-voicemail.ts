import type { ServiceContext } from '../context.ts'
import { findCall } from './call-row.ts'
import { setEndingReason } from './set-ending-reason.ts'

/**
 * The carrier has heard a machine: the conversation is ended as `voicemail`. Detectors take people with a long first sentence for machines, and a
 * verdict comes seconds late; so it is believed only while the call looks like one. A machine talks at once and does not listen: as soon as the
 * caller has had a turn, or has heard out what the assistant said, it is a person. False: not believed, already ending, or over.
 */
export async function endForVoicemail(ctx: ServiceContext, input: { callId: string }): Promise<boolean> {
  const [talk] = await ctx.db.sql<{ is_conversation: boolean }[]>`
    select exists (
      select 1 from turns where call_id = ${input.callId} and (role = 'user' or not interrupted)
    ) as is_conversation`
  if (talk?.is_conversation) return false
  const reason = await setEndingReason(ctx, { callId: input.callId, reason: 'voicemail' })
  if (reason !== 'voicemail') return false
  const call = await findCall(ctx, input.callId)
  if (call?.nodeId) ctx.publish({ topic: 'call-end', nodeId: call.nodeId, callId: input.callId })
  return true
}
