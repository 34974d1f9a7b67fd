/**
 * Retention: marks what an organization no longer wants to keep; the work that this leaves does the rest. One pass takes a bounded number of calls, the
 * oldest of each organization first and one of each in turn, so that nobody's backlog holds up the others. Several workers may do it at once.
 */
import { ENDED_STATUSES, writeCallChange } from '../calls/call-writer.ts'
import { markDeleted } from '../content/delete-content.ts'
import type { Mode, ServiceContext } from '../context.ts'

interface ExpiredCall {
  id: string
  organizationId: string
  mode: Mode
}

/** Deletes the content of calls that were completed longer ago than their organization keeps it; answers with how many, at most `limit`. */
export async function deleteExpiredContent(ctx: ServiceContext, input: { limit: number }): Promise<number> {
  const { sql } = ctx.db
  const expired = await sql<ExpiredCall[]>`
    select c.id, c.organization_id as "organizationId", c.mode
    from privacy_policies p cross join lateral (
      select id, organization_id, mode, row_number() over (order by completed_at) as place from calls
      where organization_id = p.organization_id and content_deleted_at is null
        and completed_at < ${new Date(ctx.clock.now())}::timestamptz - p.content_days * interval '1 day'
      order by completed_at limit ${input.limit}
    ) c
    where p.content_days is not null
    order by c.place limit ${input.limit}`
  for (const call of expired) await markDeleted(ctx, call, 'retention')
  return expired.length
}

/** The same for recordings alone; at most `limit` of each organization. */
export async function deleteExpiredRecordings(
  ctx: ServiceContext,
  input: { limit: number },
): Promise<number> {
  const { sql } = ctx.db
  const now = new Date(ctx.clock.now())
  const expired = await sql<(ExpiredCall & { completedAt: Date; isRecorded: boolean })[]>`
    select c.id, c.organization_id as "organizationId", c.mode, c.is_recorded as "isRecorded", c.completed_at as "completedAt"
    from privacy_policies p cross join lateral (
      select * from calls
      where organization_id = p.organization_id and content_deleted_at is null
        and completed_at > coalesce(p.recordings_deleted_until, '-infinity')
        and completed_at < ${now}::timestamptz - p.recording_days * interval '1 day'
      order by completed_at fetch first (${input.limit}) rows with ties
    ) c
    where p.recording_days is not null
    order by c.completed_at`
  const until = new Map<string, Date>()
  for (const call of expired) {
    if (call.isRecorded) await forgetRecording(ctx, call)
    until.set(call.organizationId, call.completedAt)
  }
  for (const [organizationId, completedAt] of until)
    await sql`
      update privacy_policies set recordings_deleted_until = ${completedAt}
      where organization_id = ${organizationId} and (recordings_deleted_until is null or recordings_deleted_until < ${completedAt})`
  return expired.length
}

/** A call has one such piece of work: repeating it changes nothing. */
async function forgetRecording(ctx: ServiceContext, call: ExpiredCall): Promise<void> {
  await writeCallChange(ctx, {
    callId: call.id,
    fromStatuses: ENDED_STATUSES,
    onlyIfNull: ['content_deleted_at'],
    work: [{ kind: 'erase', detail: 'recording', nextAtMs: ctx.clock.now() + 1 }],
    audit: {
      organizationId: call.organizationId,
      mode: call.mode,
      action: 'call.content_deleted',
      resourceId: call.id,
      details: { reason: 'retention', only: 'recording' },
    },
  })
}
