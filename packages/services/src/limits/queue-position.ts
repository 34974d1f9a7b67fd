import type { CallRow } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'

/** A waiting call's place in its organization's queue, 1 for the next; null for any other call. */
export async function queuePosition(ctx: ServiceContext, call: CallRow): Promise<number | null> {
  if (call.status !== 'queued') return null
  const [row] = await ctx.db.sql<[{ position: number }]>`
    select count(*)::int as position from calls
    where organization_id = ${call.organizationId} and mode = ${call.mode} and status = 'queued'
      and (created_at, id) <= (${call.createdAt}, ${call.id})`
  // It may have left the queue since it was read.
  return Math.max(1, row.position)
}
