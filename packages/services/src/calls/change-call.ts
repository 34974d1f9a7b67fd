/**
 * Read, decide, write: for changes that depend on what a call already is.
 *
 * The decision is made on a row that was read, and the write applies only if everything the decision can depend on is still as it was: the status,
 * and those columns that were null (they are set once and never changed). When someone else was faster, nothing is written and the decision is made
 * anew on the row as it is now. Every lost race means that the call has moved on, and a call moves a few steps in its life, so this ends.
 */
import { InternalError } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'
import { type CallKey, type CallRow, callNotFound, findCall } from './call-row.ts'
import { type CallChange, writeCallChange } from './call-writer.ts'

/** What to write (null: nothing), and what to tell the caller of the verb once it is written. */
export interface CallDecision<T> {
  change: Omit<CallChange, 'callId' | 'fromStatuses' | 'onlyIfNull'> | null
  result: T
}

const TRIES_MAX = 20

/** Throws `not_found`; without an organization the call may be anybody's. */
export async function changeCall<T>(
  ctx: ServiceContext,
  key: Partial<CallKey> & { callId: string },
  decide: (call: CallRow) => CallDecision<T>,
): Promise<T> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const call = await findCall(ctx, key.callId)
    if (!call || !isVisible(call, key)) throw callNotFound()
    const { change, result } = decide(call)
    if (change === null) return result
    const written = await writeCallChange(ctx, {
      ...change,
      callId: call.id,
      fromStatuses: [call.status],
      onlyIfNull: nullColumns(call),
    })
    if (written) return result
  }
  throw new InternalError('A call kept changing while it was being changed.', {
    context: { callId: key.callId },
  })
}

function isVisible(call: CallRow, key: Partial<CallKey>): boolean {
  if (key.organizationId !== undefined && call.organizationId !== key.organizationId) return false
  return key.mode === undefined || call.mode === key.mode
}

function nullColumns(call: CallRow): NonNullable<CallChange['onlyIfNull']> {
  const columns = {
    started_at: call.startedAt,
    ended_at: call.endedAt,
    carrier_call_id: call.carrierCallId,
    ending_reason: call.endingReason,
  }
  const names = Object.keys(columns) as (keyof typeof columns)[]
  return names.filter((name) => columns[name] === null)
}
