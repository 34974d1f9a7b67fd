/**
 * Deleting what was said on a call, on request or by retention: the same path for both.
 *
 * First the call is marked, with work to do and an entry in the audit log, in one statement. The mark takes the call's row lock, so whatever was written
 * before is visible to what follows, and whatever comes later sees the mark: it writes nothing of what was said. Then the rows are emptied; files, and
 * anything that was interrupted, are the worker's (`eraseContent`).
 */
import { Conflict } from '@phonevoice/base'
import { type CallKey, type CallRow, getCall } from '../calls/call-row.ts'
import { ENDED_STATUSES, writeCallChange } from '../calls/call-writer.ts'
import type { ServiceContext } from '../context.ts'
import { emptyRows } from './empty-rows.ts'

/** Answers with the call as it then is; repeating it changes nothing. Throws `not_found`, `call_not_ended`. */
export async function deleteCallContent(ctx: ServiceContext, input: CallKey): Promise<CallRow> {
  const call = await getCall(ctx, input)
  if (call.endedAt === null)
    throw new Conflict(
      'call_not_ended',
      'What is said on a call can be deleted when it has ended: end it with POST /v1/calls/{id}/end first.',
    )
  await markDeleted(ctx, call, 'request')
  await emptyRows(ctx, { callId: call.id })
  return await getCall(ctx, input)
}

/** From here on nobody is shown what was said; the worker does the rest. False: it was marked before. */
export async function markDeleted(
  ctx: ServiceContext,
  call: Pick<CallRow, 'id' | 'organizationId' | 'mode'>,
  reason: 'request' | 'retention',
): Promise<boolean> {
  const nowMs = ctx.clock.now()
  const marked = await writeCallChange(ctx, {
    callId: call.id,
    fromStatuses: ENDED_STATUSES,
    onlyIfNull: ['content_deleted_at'],
    set: { content_deleted_at: new Date(nowMs) },
    // A moment later, so that nobody is woken for it: the next sweep is soon enough.
    work: [{ kind: 'erase', nextAtMs: nowMs + 1 }],
    audit: {
      organizationId: call.organizationId,
      mode: call.mode,
      action: 'call.content_deleted',
      resourceId: call.id,
      details: { reason },
    },
  })
  return marked !== null
}
