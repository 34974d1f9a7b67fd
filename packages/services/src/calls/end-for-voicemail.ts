import type { ServiceContext } from '../context.ts'
import { findCall } from './call-row.ts'
import { setEndingReason } from './set-ending-reason.ts'

/** The carrier has heard a machine: the conversation is ended as `voicemail`. Nothing happens to a call that is not live or already ending. */
export async function endForVoicemail(ctx: ServiceContext, input: { callId: string }): Promise<void> {
  const reason = await setEndingReason(ctx, { callId: input.callId, reason: 'voicemail' })
  if (reason !== 'voicemail') return
  const call = await findCall(ctx, input.callId)
  if (call?.nodeId) ctx.publish({ topic: 'call-end', nodeId: call.nodeId, callId: input.callId })
}
