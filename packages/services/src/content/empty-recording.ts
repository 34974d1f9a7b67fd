import { newId } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'

/**
 * Forgets a call's recording: its links are void, its parts unknown, and nobody can make it ready any more. Also where there is no row yet, because a
 * media process or the merging may just be about to write one.
 */
export async function emptyRecording(ctx: ServiceContext, input: { callId: string }): Promise<void> {
  const now = ctx.clock.now()
  await ctx.db.sql`
    with recording as (
      insert into recordings as r (id, call_id, status, created_at)
      values (${newId('recording', now)}, ${input.callId}, 'deleted', ${new Date(now)})
      on conflict (call_id) do update set status = 'deleted', storage_key = null, duration_ms = null, size_bytes = null,
        link_version = r.link_version + 1
      returning call_id
    )
    delete from recording_parts p using streams s, recording where s.call_id = recording.call_id and p.stream_id = s.id`
}
