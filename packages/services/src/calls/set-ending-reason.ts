import type { EndedReason } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { changeCall } from './change-call.ts'
import { endingReasonOf, hangUpWork, hasEnded } from './transitions.ts'

/** The line is cut by us when the carrier has not ended the call by then. */
const HANG_UP_AFTER_MS = 15_000

/**
 * Writes down why our side is ending a call, before the line goes down; the first reason stays. Answers with the reason that holds, null when the
 * call had already ended. Throws `not_found`.
 */
export async function setEndingReason(
  ctx: ServiceContext,
  input: { callId: string; reason: EndedReason },
): Promise<EndedReason | null> {
  return await changeCall(ctx, { callId: input.callId }, (call) => {
    if (hasEnded(call)) return { change: null, result: null }
    const before = endingReasonOf(call)
    if (before !== null) return { change: null, result: before }
    const needsHangUp = input.reason !== 'caller_hung_up' && call.carrierCallId !== null
    return {
      change: {
        set: { ending_reason: input.reason },
        work: needsHangUp ? [hangUpWork(call.carrierCallId ?? '', ctx.clock.now() + HANG_UP_AFTER_MS)] : [],
      },
      result: input.reason,
    }
  })
}
