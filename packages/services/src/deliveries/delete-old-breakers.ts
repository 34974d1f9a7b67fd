import type { ServiceContext } from '../context.ts'
import { DISABLE_AFTER_MS } from './breaker.ts'

/** Longer than the pause between any two attempts, and than an endpoint may fail before it is disabled. */
const KEPT_MS = 2 * DISABLE_AFTER_MS

/** Forgets receivers that nothing has been sent to for long: URLs that are never used again would otherwise stay for ever. At most `limit` at a time. */
export async function deleteOldBreakers(ctx: ServiceContext, input: { limit: number }): Promise<number> {
  const before = new Date(ctx.clock.now() - KEPT_MS)
  const rows = await ctx.db.sql`
    delete from breakers where ctid = any(array(
      select ctid from breakers where last_failure_at < ${before} order by last_failure_at limit ${input.limit} for update skip locked
    )) and last_failure_at < ${before}`
  return rows.count
}
