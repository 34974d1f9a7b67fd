import { isId } from '@phonevoice/base'
import {
  type EventType,
  REDACTED_EVENT_DATA,
  type StoredEvent,
  type TranscriptTurn,
} from '@phonevoice/contracts'
import { contentDeleted } from '../content/content-deleted.ts'
import type { ServiceContext } from '../context.ts'
import { type CallKey, callNotFound } from './call-row.ts'

const EVENTS_MAX = 1000

/**
 * The events of a call with a higher `sequence` than `after`, in order, at most `limit` (default and maximum 1,000). There are never gaps: ask again
 * after the last one. Throws `not_found`.
 */
export async function listEvents(
  ctx: ServiceContext,
  input: CallKey & { after: number; limit?: number | undefined },
): Promise<StoredEvent[]> {
  const { sql } = ctx.db
  if (!isId('call', input.callId)) throw callNotFound()
  const rows = await sql<(EventRow | { id: null })[]>`
    select e.id, e.sequence, e.type, e.occurred_at,
      case when c.content_deleted_at is null then e.data else ${REDACTED_EVENT_DATA} end as data
    from calls c left join call_events e on e.call_id = c.id and e.sequence > ${input.after}
    where c.id = ${input.callId} and c.organization_id = ${input.organizationId} ${ofMode(ctx, input)}
    order by e.sequence limit ${Math.min(EVENTS_MAX, Math.max(1, input.limit ?? EVENTS_MAX))}`
  if (rows.length === 0) throw callNotFound()
  return rows
    .filter((row) => row.id !== null)
    .map((row) => ({
      id: row.id,
      callId: input.callId,
      type: row.type,
      sequence: row.sequence,
      occurredAtMs: row.occurred_at.getTime(),
      data: row.data,
    }))
}

/** What was said, in order. Throws `not_found`, `content_deleted`. */
export async function getTranscript(ctx: ServiceContext, input: CallKey): Promise<TranscriptTurn[]> {
  const { sql } = ctx.db
  if (!isId('call', input.callId)) throw callNotFound()
  const rows = await sql<((TranscriptTurn | { turn: null }) & { is_deleted: boolean })[]>`
    select c.content_deleted_at is not null as is_deleted, t.turn, t.role, t.text, t.text_planned, t.interrupted, t.start_ms, t.end_ms,
      t.cut_offset_ms
    from calls c left join turns t on t.call_id = c.id
    where c.id = ${input.callId} and c.organization_id = ${input.organizationId} ${ofMode(ctx, input)}
    order by t.turn`
  const [first] = rows
  if (!first) throw callNotFound()
  if (first.is_deleted) throw contentDeleted()
  return rows.flatMap(({ is_deleted: _, ...turn }) => (turn.turn === null ? [] : [turn]))
}

function ofMode(ctx: ServiceContext, input: CallKey) {
  return input.mode === undefined ? ctx.db.sql`` : ctx.db.sql`and c.mode = ${input.mode}`
}

interface EventRow {
  id: string
  sequence: number
  type: EventType
  occurred_at: Date
  data: string
}
