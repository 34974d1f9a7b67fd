/**
 * The steps of a call's life as changes, pure. The verbs decide when one applies.
 *
 *   queued → dialing → ringing → in_progress → completed | busy | no_answer | failed | canceled
 *
 * Steps may be skipped, never taken back: `hasReached` is the one place that says so.
 */
import type { CallStatus, EndedReason, EventData } from '@phonevoice/contracts'
import type { CallRow } from './call-row.ts'
import { type CallChange, callEvent, type NewEvent } from './call-writer.ts'
import type { Ending } from './ending.ts'

export type Change = Omit<CallChange, 'callId' | 'fromStatuses' | 'onlyIfNull'>

const RANK: Readonly<Record<CallStatus, number>> = {
  queued: 0,
  dialing: 1,
  ringing: 2,
  in_progress: 3,
  completed: 4,
  busy: 4,
  no_answer: 4,
  failed: 4,
  canceled: 4,
}

/** A call never goes back: true when it is already at `status` or beyond. */
export function hasReached(call: Pick<CallRow, 'status'>, status: CallStatus): boolean {
  return RANK[call.status] >= RANK[status]
}

export function hasEnded(call: Pick<CallRow, 'status'>): boolean {
  return hasReached(call, 'completed')
}

/** The reason our side has written down for ending the call, if any. */
export function endingReasonOf(call: CallRow): EndedReason | null {
  return call.endingReason as EndedReason | null
}

export function ringing(call: CallRow, carrierCallId: string, atMs: number): Change {
  const data: EventData<'call.ringing'> = {
    status: 'ringing',
    phone_number: call.phoneNumber,
    from: call.fromNumber,
  }
  return {
    set: { status: 'ringing', ...ownedBy(call, carrierCallId) },
    events: [callEvent('call.ringing', atMs, data)],
  }
}

export function answered(call: CallRow, carrierCallId: string, atMs: number): Change {
  const startedAt = new Date(Math.max(atMs, call.createdAt.getTime()))
  return {
    set: { status: 'in_progress', started_at: startedAt, ...ownedBy(call, carrierCallId) },
    events: [started(call, startedAt)],
  }
}

export interface EndReport extends Ending {
  /** When the line went down, Unix milliseconds. */
  atMs: number
  carrierCode: string | null
  /** Null: the call never got as far as the carrier. */
  carrierCallId: string | null
  /** Answer to end as the carrier counts it, whole seconds; null: count it here. */
  durationSeconds: number | null
  /** The answer was never reported, only an end that implies one: it is written now. */
  wasAnsweredUnseen?: boolean
}

/** The end: `call.ended`, and the work that leads to `call.completed`. */
export function ended(call: CallRow, report: EndReport): Change {
  const unseen = report.wasAnsweredUnseen === true && call.startedAt === null
  const startedAt = unseen
    ? new Date(Math.max(call.createdAt.getTime(), report.atMs - (report.durationSeconds ?? 0) * 1000))
    : call.startedAt
  const endedAt = new Date(Math.max(report.atMs, (startedAt ?? call.createdAt).getTime()))
  const durationSeconds = startedAt
    ? (report.durationSeconds ?? Math.round((endedAt.getTime() - startedAt.getTime()) / 1000))
    : null
  const { status, endedReason } = report
  return {
    set: {
      status,
      ended_reason: endedReason,
      ended_at: endedAt,
      duration_seconds: durationSeconds,
      ...(report.carrierCode === null ? {} : { carrier_code: report.carrierCode }),
      ...(unseen && startedAt ? { started_at: startedAt } : {}),
      ...(report.carrierCallId === null ? {} : ownedBy(call, report.carrierCallId)),
    },
    events: [
      ...(unseen && startedAt ? [started(call, startedAt)] : []),
      callEvent('call.ended', endedAt.getTime(), {
        status,
        ended_reason: endedReason,
        duration_seconds: durationSeconds,
      }),
    ],
    work: [{ kind: 'finish', nextAtMs: endedAt.getTime() }],
  }
}

/** The first carrier id that shows is the call's; it is never replaced. */
export function ownedBy(call: CallRow, carrierCallId: string): { carrier_call_id?: string } {
  return call.carrierCallId === null ? { carrier_call_id: carrierCallId } : {}
}

export function hangUpWork(carrierCallId: string, nextAtMs: number): NonNullable<Change['work']>[number] {
  return { kind: 'hang-up', detail: carrierCallId, nextAtMs }
}

function started(call: CallRow, startedAt: Date): NewEvent {
  return callEvent('call.started', startedAt.getTime(), {
    phone_number: call.phoneNumber,
    from: call.fromNumber,
    direction: call.direction,
    assistant_id: call.assistantId,
    metadata: JSON.parse(call.metadata) as EventData<'call.started'>['metadata'],
    started_at: startedAt.toISOString(),
  })
}
