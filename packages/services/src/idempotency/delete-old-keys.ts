import type { ServiceContext } from '../context.ts'
import { keptSince } from './create-once.ts'

/** Drops answers older than 24 hours, at most `limit` (default 1,000) at a time; answers with how many. Safe from several processes at once. */
export async function deleteOldIdempotencyKeys(
  ctx: ServiceContext,
  input: { limit?: number | undefined } = {},
): Promise<number> {
  const before = keptSince(ctx)
  const rows = await ctx.db.sql`
    delete from idempotency_keys where ctid = any(array(
      select ctid from idempotency_keys where created_at < ${before}
      order by created_at limit ${input.limit ?? 1000} for update skip locked
    )) and created_at < ${before}`
  return rows.count
}
