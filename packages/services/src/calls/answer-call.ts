import type { ServiceContext } from '../context.ts'
import type { CallRow } from './call-row.ts'
import { changeCall } from './change-call.ts'
import { answered, hangUpWork, hasEnded, hasReached } from './transitions.ts'

/** What the carrier is to do with the call it asks about. */
export interface AnswerDecision {
  /** `connect`: open a media stream (see `mintStream`). `hang-up`: the call is over, ending, or not the one we want. */
  next: 'connect' | 'hang-up'
}

/**
 * The carrier asks for instructions: the callee has answered, or a media stream is over and it asks again. `call.started` is written by whichever
 * tells of the answer first, this or the status callback, and only once. Throws `not_found`.
 */
export async function answerCall(
  ctx: ServiceContext,
  input: { callId: string; carrierCallId: string; atMs?: number | undefined },
): Promise<AnswerDecision> {
  const { callId, carrierCallId } = input
  return await changeCall<AnswerDecision>(ctx, { callId }, (call: CallRow) => {
    const isOther = call.carrierCallId !== null && call.carrierCallId !== carrierCallId
    if (isOther || hasEnded(call))
      return { change: { work: [hangUpWork(carrierCallId, ctx.clock.now())] }, result: { next: 'hang-up' } }
    if (call.endingReason !== null) return { change: null, result: { next: 'hang-up' } }
    if (hasReached(call, 'in_progress')) return { change: null, result: { next: 'connect' } }
    return {
      change: answered(call, carrierCallId, input.atMs ?? ctx.clock.now()),
      result: { next: 'connect' },
    }
  })
}
