import { schema } from '@phonevoice/db'
import { inArray } from 'drizzle-orm'
import type { ServiceContext } from '../context.ts'
import type { CallRow } from './call-row.ts'

/**
 * Takes calls that are under way and of which nothing has been heard for a while. Taking one counts as a sign of life, so two workers that ask at
 * the same time get different calls, and one that dies leaves its calls to whoever asks after the next `olderThanMs`.
 */
export async function listQuietCalls(
  ctx: ServiceContext,
  input: { olderThanMs: number; limit: number },
): Promise<CallRow[]> {
  const { sql } = ctx.db
  const now = ctx.clock.now()
  const taken = await sql<{ id: string }[]>`
    update calls set last_seen_at = ${new Date(now)}
    where id in (
      select id from calls
      where ended_at is null and status <> 'queued' and last_seen_at <= ${new Date(now - input.olderThanMs)}
      order by last_seen_at limit ${input.limit} for update skip locked
    )
    returning id`
  if (taken.length === 0) return []
  const ids = taken.map((row) => row.id)
  return await ctx.db.orm.select().from(schema.calls).where(inArray(schema.calls.id, ids))
}

/**
 * Notes a sign of life of calls, so that nobody asks the carrier about them. `atMs`: when it was given; one that is told of again, long after, is no
 * news.
 */
export async function touchCalls(
  ctx: ServiceContext,
  input: { callIds: readonly string[]; atMs?: number | null },
): Promise<void> {
  if (input.callIds.length === 0) return
  const nowMs = ctx.clock.now()
  const at = new Date(Math.min(nowMs, Math.max(0, input.atMs ?? nowMs)))
  await ctx.db.sql`
    update calls set last_seen_at = ${at}
    where id = any(${[...input.callIds]}::text[]) and ended_at is null and last_seen_at < ${at}`
}
