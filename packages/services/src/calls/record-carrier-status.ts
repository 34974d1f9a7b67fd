/**
 * What the carrier says about a call, reduced over the lattice of statuses. Callbacks come late, twice and out of order; a report that tells
 * nothing new changes nothing. The first carrier id that shows is the call's own: a second dial that went through after all is hung up.
 */
import type { CarrierCallStatus } from '@phonevoice/carriers/contract'
import type { ServiceContext } from '../context.ts'
import type { CallRow } from './call-row.ts'
import { type CallDecision, changeCall } from './change-call.ts'
import { endingOf, type FinalCarrierStatus } from './ending.ts'
import {
  answered,
  type Change,
  ended,
  endingReasonOf,
  hangUpWork,
  hasEnded,
  hasReached,
  ownedBy,
  ringing,
} from './transitions.ts'

export interface CarrierReport {
  callId: string
  carrierCallId: string
  status: CarrierCallStatus
  /** A SIP response or the carrier's error code. */
  carrierCode: string | null
  /** When it happened, Unix milliseconds. */
  atMs: number
  /** Answer to end, whole seconds; with a final status. */
  durationSeconds?: number | null | undefined
}

export interface CarrierReported {
  /** The report moved the call on. */
  isNews: boolean
  /** A call at the carrier that must be hung up; work for it has been written, saying so at once is better. */
  hangUp: string | null
}

const NOTHING: CarrierReported = { isNews: false, hangUp: null }
const NEWS: CarrierReported = { isNews: true, hangUp: null }

/** Throws `not_found` for an unknown call id. */
export async function recordCarrierStatus(
  ctx: ServiceContext,
  report: CarrierReport,
): Promise<CarrierReported> {
  const nowMs = ctx.clock.now()
  // A carrier's clock that runs ahead of ours must not put the end, or the work after it, into the future.
  const heard = { ...report, atMs: Math.min(report.atMs, nowMs) }
  return await changeCall(ctx, { callId: report.callId }, (call) => decide(call, heard, nowMs))
}

function decide(call: CallRow, report: CarrierReport, nowMs: number): CallDecision<CarrierReported> {
  const { carrierCallId, atMs } = report
  const isFinal = isFinalStatus(report.status)
  const hangUp = (change: Change = {}): CallDecision<CarrierReported> => ({
    change: { ...change, work: [...(change.work ?? []), hangUpWork(carrierCallId, nowMs)] },
    result: { isNews: change.set !== undefined, hangUp: carrierCallId },
  })

  if (isStray(call, carrierCallId)) return isFinal ? { change: null, result: NOTHING } : hangUp()
  if (hasEnded(call)) return { change: null, result: NOTHING }
  if (isFinalStatus(report.status)) return { change: end(call, report, report.status), result: NEWS }

  const isEnding = call.endingReason !== null
  if (report.status === 'ringing' && !hasReached(call, 'ringing')) {
    const change = ringing(call, carrierCallId, atMs)
    return isEnding ? hangUp(change) : { change, result: NEWS }
  }
  if (report.status === 'in-progress' && !hasReached(call, 'in_progress')) {
    // Picked up while we were cancelling: the call never starts, it is only hung up.
    if (isEnding) return hangUp({ set: ownedBy(call, carrierCallId) })
    return { change: answered(call, carrierCallId, atMs), result: NEWS }
  }
  if (call.carrierCallId === null) {
    const change: Change = {
      set: { ...ownedBy(call, carrierCallId), ...(hasReached(call, 'dialing') ? {} : { status: 'dialing' }) },
    }
    return isEnding ? hangUp(change) : { change, result: NEWS }
  }
  return { change: null, result: NOTHING }
}

/** Another dial's call, or one that showed up after the call had been given up. */
function isStray(call: CallRow, carrierCallId: string): boolean {
  if (call.carrierCallId !== null) return call.carrierCallId !== carrierCallId
  return hasEnded(call)
}

function end(call: CallRow, report: CarrierReport, carrierStatus: FinalCarrierStatus): Change {
  const endingReason = endingReasonOf(call)
  // `completed` says that somebody answered, unless it is only the carrier's word for our hanging up before that.
  const wasAnsweredUnseen = call.startedAt === null && carrierStatus === 'completed' && endingReason === null
  const wasAnswered = call.startedAt !== null || wasAnsweredUnseen
  return ended(call, {
    ...endingOf({ wasAnswered, endingReason, carrierStatus, carrierCode: report.carrierCode }),
    atMs: report.atMs,
    carrierCode: report.carrierCode,
    carrierCallId: report.carrierCallId,
    durationSeconds: report.durationSeconds ?? null,
    wasAnsweredUnseen,
  })
}

function isFinalStatus(status: CarrierCallStatus): status is FinalCarrierStatus {
  switch (status) {
    case 'completed':
    case 'busy':
    case 'no-answer':
    case 'failed':
    case 'canceled':
      return true
    case 'queued':
    case 'initiated':
    case 'ringing':
    case 'in-progress':
      return false
  }
}
