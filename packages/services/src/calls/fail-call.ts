import type { EndedReason } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { changeCall } from './change-call.ts'
import { finalStatus } from './ending.ts'
import { ended, endingReasonOf, hasEnded } from './transitions.ts'

/**
 * Ends a call that cannot go on, without waiting for the carrier: a dial that failed, a line nobody knows of any more. A reason our side has
 * written down before goes first. False: it had ended already. Throws `not_found`.
 */
export async function failCall(
  ctx: ServiceContext,
  input: { callId: string; reason: EndedReason; carrierCode: string | null },
): Promise<boolean> {
  return await changeCall(ctx, { callId: input.callId }, (call) => {
    if (hasEnded(call)) return { change: null, result: false }
    const endedReason = endingReasonOf(call) ?? input.reason
    const change = ended(call, {
      status: finalStatus(endedReason, call.startedAt !== null),
      endedReason,
      atMs: ctx.clock.now(),
      carrierCode: input.carrierCode,
      carrierCallId: null,
      durationSeconds: null,
    })
    return { change, result: true }
  })
}
