import type { ServiceContext } from '../context.ts'

/** Long after any worker that was overtaken while it merged has stopped reading parts: a merge takes at most seconds. */
const KEPT_MS = 3_600_000

/**
 * Deletes the parts of recordings that were merged an hour ago: the merged file has everything they had. Parts of a recording that could not be merged
 * stay for whoever looks into it. Objects go first, so that what is interrupted is found again. Answers with how many there were, at most `limit`.
 */
export async function deleteMergedParts(
  ctx: ServiceContext,
  input: { limit: number; deleteObject(storageKey: string): Promise<void> },
): Promise<number> {
  const { sql } = ctx.db
  const parts = await sql<{ stream_id: string; number: number; storage_key: string }[]>`
    select p.stream_id, p.number, p.storage_key
    from recording_parts p join streams s on s.id = p.stream_id
      join calls c on c.id = s.call_id and c.completed_at < ${new Date(ctx.clock.now() - KEPT_MS)}
      join recordings r on r.call_id = s.call_id and r.storage_key is not null
    limit ${input.limit}`
  for (const part of parts) await input.deleteObject(part.storage_key)
  await sql`
    delete from recording_parts p using unnest(
      ${parts.map((part) => part.stream_id)}::text[], ${parts.map((part) => part.number)}::int[]
    ) as gone (stream_id, number)
    where p.stream_id = gone.stream_id and p.number = gone.number`
  return parts.length
}
