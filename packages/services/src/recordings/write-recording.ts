import { newId } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'

/** One stretch of audio in shared storage. */
export interface RecordingPart {
  streamId: string
  /** Counts the parts of a stream from 1. */
  number: number
  storageKey: string
  /** Where the part begins on its stream's clock, milliseconds. */
  offsetMs: number
  durationMs: number
  isLast: boolean
}

/** Parts will come for this call. A call has one recording: repeating it answers with the same id. */
export async function startRecording(
  ctx: ServiceContext,
  input: { callId: string },
): Promise<{ recordingId: string }> {
  const now = ctx.clock.now()
  const [row] = await ctx.db.sql<[{ id: string }]>`
    insert into recordings (id, call_id, status, created_at)
    values (${newId('recording', now)}, ${input.callId}, 'recording', ${new Date(now)})
    on conflict (call_id) do update set call_id = excluded.call_id
    returning id`
  return { recordingId: row.id }
}

/** A part is in storage. Repeating it changes nothing; of a recording that was deleted no part is noted. */
export async function addRecordingPart(ctx: ServiceContext, input: RecordingPart): Promise<void> {
  await ctx.db.sql`
    insert into recording_parts (stream_id, number, storage_key, offset_ms, duration_ms, is_last)
    select ${input.streamId}, ${input.number}::int, ${input.storageKey}, ${Math.round(input.offsetMs)}::int,
      ${Math.round(input.durationMs)}::int, ${input.isLast}::bool
    where not exists (
      select from streams s join recordings r on r.call_id = s.call_id where s.id = ${input.streamId} and r.status = 'deleted'
    )
    on conflict do nothing`
}

/** The recording is final. False: it was already, and stays as it was. */
export async function completeRecording(
  ctx: ServiceContext,
  input: {
    callId: string
    status: 'ready' | 'partial' | 'failed'
    storageKey: string | null
    durationMs: number | null
    sizeBytes: number | null
  },
): Promise<boolean> {
  const rows = await ctx.db.sql`
    update recordings set status = ${input.status}, storage_key = ${input.storageKey},
      duration_ms = ${input.durationMs}, size_bytes = ${input.sizeBytes}
    where call_id = ${input.callId} and status = 'recording'`
  return rows.count > 0
}
