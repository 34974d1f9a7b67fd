import { schema } from '@phonevoice/db'
import { eq } from 'drizzle-orm'
import { type CallKey, getCall } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'
import { HEARTBEAT_MAX_AGE_MS } from '../media-nodes/alive.ts'
import type { RecordingPart } from './write-recording.ts'

export type RecordingRow = typeof schema.recordings.$inferSelect

/** The recording of an organization's call; null: the call has none. Throws `not_found` for the call. */
export async function getRecording(ctx: ServiceContext, input: CallKey): Promise<RecordingRow | null> {
  const call = await getCall(ctx, input)
  return await findRecording(ctx, { callId: call.id })
}

/** The recording of a call, whoever's it is. */
export async function findRecording(
  ctx: ServiceContext,
  input: { callId: string },
): Promise<RecordingRow | null> {
  const { recordings } = schema
  const [row] = await ctx.db.orm.select().from(recordings).where(eq(recordings.callId, input.callId))
  return row ?? null
}

/** A stream of a call with its parts in order; the parts lie on the stream's own clock, which began at `openedAt`. */
export interface RecordedStream {
  streamId: string
  openedAt: Date
  closedAt: Date | null
  /** Its node has stopped announcing itself: nobody may be left to close it. */
  isOrphan: boolean
  parts: RecordingPart[]
}

/** The streams of a call that were opened, in order, those without parts included. */
export async function listRecordedStreams(
  ctx: ServiceContext,
  input: { callId: string },
): Promise<RecordedStream[]> {
  const alive = new Date(ctx.clock.now() - HEARTBEAT_MAX_AGE_MS)
  const rows = await ctx.db.sql<StreamPartRow[]>`
    select s.id as stream_id, s.opened_at, s.closed_at,
      exists (select 1 from media_nodes n where n.id = s.node_id and n.heartbeat_at < ${alive}) as is_orphan, p.number, p.storage_key, p.offset_ms, p.duration_ms, p.is_last
    from streams s left join recording_parts p on p.stream_id = s.id
    where s.call_id = ${input.callId} and s.opened_at is not null
    order by s.opened_at, s.id, p.number`
  const streams = new Map<string, RecordedStream>()
  for (const row of rows) {
    const { stream_id: streamId, opened_at: openedAt, closed_at: closedAt, is_orphan: isOrphan } = row
    const stream = streams.get(streamId) ?? { streamId, openedAt, closedAt, isOrphan, parts: [] }
    streams.set(streamId, stream)
    if (row.number === null) continue
    stream.parts.push({
      streamId,
      number: row.number,
      storageKey: row.storage_key,
      offsetMs: row.offset_ms,
      durationMs: row.duration_ms,
      isLast: row.is_last,
    })
  }
  return [...streams.values()]
}

type StreamPartRow = { stream_id: string; opened_at: Date; closed_at: Date | null; is_orphan: boolean } & (
  | { number: null }
  | { number: number; storage_key: string; offset_ms: number; duration_ms: number; is_last: boolean }
)
