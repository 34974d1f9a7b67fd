import { Conflict } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'
import { type CallKey, type CallRow, getCall } from './call-row.ts'
import { type CallDecision, changeCall } from './change-call.ts'
import { ended, hangUpWork, hasEnded, hasReached } from './transitions.ts'

/** How long the media process has to end the conversation politely before the line is cut. */
const POLITE_END_MS = 10_000
/** Of a goodbye that is spoken first; slow voices need about this. */
const GOODBYE_MS_PER_CHARACTER = 100

/**
 * A user wants a call to end. One that waits to be dialled is canceled at once; one that is being dialled or rings is hung up at the carrier; a
 * conversation is ended by the media process, with a hang-up behind it in case that process is gone. Asking again while it ends changes nothing.
 *
 * Answers with the call as it then is. Throws `not_found`, or `call_already_ended`.
 */
export async function endCall(
  ctx: ServiceContext,
  input: CallKey & { goodbye?: string | null },
): Promise<CallRow> {
  const politeMs = POLITE_END_MS + (input.goodbye?.length ?? 0) * GOODBYE_MS_PER_CHARACTER
  const nodeId = await changeCall(ctx, input, (call) => decide(call, ctx.clock.now(), politeMs))
  if (nodeId !== null) ctx.publish({ topic: 'call-end', nodeId, callId: input.callId })
  return await getCall(ctx, input)
}

/** The result is the media node to be told. */
function decide(call: CallRow, nowMs: number, politeMs: number): CallDecision<string | null> {
  if (hasEnded(call))
    throw new Conflict(
      'call_already_ended',
      `This call has already ended (${call.endedReason}): there is nothing left to end.`,
    )
  const isAnswered = hasReached(call, 'in_progress')
  if (call.endingReason !== null) return { change: null, result: isAnswered ? call.nodeId : null }
  if (call.status === 'queued') {
    const change = ended(call, {
      status: 'canceled',
      endedReason: 'canceled',
      atMs: nowMs,
      carrierCode: null,
      carrierCallId: null,
      durationSeconds: null,
    })
    return { change, result: null }
  }
  // Without a carrier id the dialler is just asking for one: it looks at ending_reason when it has it.
  const hangUpAtMs = isAnswered ? nowMs + politeMs : nowMs
  return {
    change: {
      set: { ending_reason: isAnswered ? 'api_ended' : 'canceled' },
      work: call.carrierCallId === null ? [] : [hangUpWork(call.carrierCallId, hangUpAtMs)],
    },
    result: isAnswered ? call.nodeId : null,
  }
}
