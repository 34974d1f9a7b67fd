/**
 * Every change of a call after its creation goes through here: state, events, deliveries and work in one SQL statement.
 *
 * One statement is atomic without a transaction, costs one round trip, and cannot be torn when the connection dies half-way. The UPDATE locks the
 * call's row, so `last_sequence` numbers the events of a call without gaps however many writers there are. Rules that keep it right: each row is
 * touched once, ids and times come from the app, and a change that does not apply writes nothing at all. When the content of a call has been deleted, what
 * comes late is counted and sent like everything else, but says nothing.
 */
import { newId } from '@phonevoice/base'
import {
  type CallStatus,
  type EventData,
  type EventType,
  FINAL_CALL_STATUSES,
  REDACTED_EVENT_DATA,
  serialiseEventData,
} from '@phonevoice/contracts'
import { insertAudit, type NewAuditEntry } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { insertDeliveries } from '../deliveries/new-deliveries.ts'
import type { WorkKind } from '../work/claim-work.ts'

/** Columns of `calls` a change may set. `undefined` leaves a column alone. */
export interface CallColumns {
  status?: CallStatus
  carrier_account_id?: string | null
  carrier_call_id?: string
  carrier_code?: string | null
  node_id?: string | null
  ending_reason?: string
  ended_reason?: string
  started_at?: Date
  ended_at?: Date
  completed_at?: Date
  duration_seconds?: number | null
  cost_micro_usd?: number
  cost_breakdown?: string
  analysis?: string
  latency?: string | null
  disclosed_at?: Date
  content_deleted_at?: Date
}

/** An event to append. Build it with `callEvent`. */
export interface NewEvent {
  id: string
  type: EventType
  occurredAtMs: number
  /** JSON text. */
  data: string
}

export interface NewTurn {
  turn: number
  role: 'user' | 'assistant'
  text: string
  text_planned: string | null
  interrupted: boolean
  start_ms: number
  end_ms: number
  cut_offset_ms?: number | null | undefined
}

export interface CallChange {
  callId: string
  /** Applies only while the call has one of these statuses. */
  fromStatuses: readonly CallStatus[]
  /** Applies only when these columns are still null. */
  onlyIfNull?: readonly (
    | 'started_at'
    | 'ended_at'
    | 'completed_at'
    | 'carrier_call_id'
    | 'ending_reason'
    | 'content_deleted_at'
  )[]
  set?: CallColumns
  events?: readonly NewEvent[]
  /** Work to be done from `nextAtMs` on; a kind (and detail) exists once per call, repeating it changes nothing. */
  work?: readonly { kind: WorkKind; detail?: string; nextAtMs: number }[]
  /** Written with its event; a turn number exists once per call, repeating it throws `23505`. */
  turn?: NewTurn
  /** Written exactly when the change is. */
  audit?: NewAuditEntry
}

export interface CallChanged {
  status: CallStatus
  organizationId: string
  /** The number of the newest event. */
  lastSequence: number
  deliveryIds: readonly string[]
  workIds: readonly string[]
}

/** Statuses from which nothing follows but late words and the completion. */
export const ENDED_STATUSES: readonly CallStatus[] = [...FINAL_CALL_STATUSES]

/** Makes an event; its data is serialised here, once and for all. */
export function callEvent<T extends EventType>(type: T, occurredAtMs: number, data: EventData<T>): NewEvent {
  return { id: newId('event', occurredAtMs), type, occurredAtMs, data: serialiseEventData(data) }
}

/** Writes a change and wakes whoever has work from it. Null: the conditions did not hold and nothing was written. */
export async function writeCallChange(ctx: ServiceContext, change: CallChange): Promise<CallChanged | null> {
  const { sql } = ctx.db
  const now = new Date(ctx.clock.now())
  const events = change.events ?? []
  const work = change.work ?? []
  const turns = change.turn ? [change.turn] : []
  const { analysis, ...rest } = change.set ?? {}
  const columns = { ...dropUndefined(rest), last_seen_at: now }
  const analysed =
    analysis === undefined
      ? sql``
      : sql`, analysis = case when content_deleted_at is null then ${analysis}::text end`
  const stillNull = (change.onlyIfNull ?? []).reduce(
    (all, column) => sql`${all} and ${sql(column)} is null`,
    sql``,
  )
  const eventIds = events.map((event) => event.id)
  // Only text goes into arrays: for booleans and dates postgres.js declares the type of one element instead of the array's.
  const workIds = work.map(() => newId('work', now.getTime()))
  const delivered = sql`
    select changed.id as call_id, e.id, e.type, changed.last_sequence - ${events.length} + e.number as sequence, e.delivery_id
    from changed, unnest(
      ${eventIds}::text[], ${events.map((event) => event.type)}::text[], ${events.map(() => newId('delivery', now.getTime()))}::text[]
    ) with ordinality as e (id, type, delivery_id, number)`

  const [row] = await sql<CallChangeRow[]>`
    with changed as (
      update calls set ${sql(columns)} ${analysed}, last_sequence = last_sequence + ${events.length}
      where id = ${change.callId} and status = any(${change.fromStatuses as CallStatus[]}) ${stillNull}
      returning id, organization_id, mode, status, webhook_url, webhook_events, last_sequence, content_deleted_at
    ), new_events as (
      insert into call_events (id, call_id, sequence, type, occurred_at, data)
      select e.id, changed.id, changed.last_sequence - ${events.length} + e.number, e.type, e.occurred_at,
        case when changed.content_deleted_at is null then e.data else ${REDACTED_EVENT_DATA} end
      from changed, unnest(
        ${eventIds}::text[], ${events.map((event) => event.type)}::text[],
        ${events.map((event) => new Date(event.occurredAtMs).toISOString())}::timestamptz[], ${events.map((event) => event.data)}::text[]
      ) with ordinality as e (id, type, occurred_at, data, number)
    ), new_deliveries as (${insertDeliveries(sql, { call: 'changed', events: delivered, now })}
    ), new_work as (
      insert into work_items (id, call_id, kind, detail, created_at, next_at, attempt)
      select w.id, changed.id, w.kind, w.detail, ${now}, w.next_at, 0
      from changed, unnest(
        ${workIds}::text[], ${work.map((item) => item.kind)}::text[], ${work.map((item) => item.detail ?? '')}::text[],
        ${work.map((item) => new Date(item.nextAtMs).toISOString())}::timestamptz[]
      ) as w (id, kind, detail, next_at)
      on conflict (call_id, kind, detail) do nothing
      returning id, next_at
    ), new_turns as (
      insert into turns (id, call_id, turn, role, text, text_planned, interrupted, start_ms, end_ms, cut_offset_ms)
      select t.id, changed.id, t.turn, t.role, t.text, t.text_planned, t.interrupted, t.start_ms, t.end_ms, t.cut_offset_ms
      from changed, unnest(
        ${turns.map(() => newId('turn', now.getTime()))}::text[], ${turns.map((turn) => turn.turn)}::int[], ${turns.map((turn) => turn.role)}::text[],
        ${turns.map((turn) => turn.text)}::text[], ${turns.map((turn) => turn.text_planned)}::text[], ${turns.map((turn) => String(turn.interrupted))}::text[]::boolean[],
        ${turns.map((turn) => turn.start_ms)}::int[], ${turns.map((turn) => turn.end_ms)}::int[],
        ${turns.map((turn) => turn.cut_offset_ms?.toString() ?? null)}::text[]::int[]
      ) as t (id, turn, role, text, text_planned, interrupted, start_ms, end_ms, cut_offset_ms)
      where changed.content_deleted_at is null
    ) ${change.audit ? sql`, new_audit as (${insertAudit(ctx, change.audit, 'changed')})` : sql``}
    select changed.status, changed.organization_id, changed.last_sequence,
      array(select id from new_deliveries) as delivery_ids,
      array(select id from new_work where next_at <= ${now}) as work_ids
    from changed`
  if (!row) return null

  for (const id of row.delivery_ids) ctx.wake({ kind: 'delivery', id })
  for (const id of row.work_ids) ctx.wake({ kind: 'work', id })
  if (events.length > 0) ctx.publish({ topic: 'call-events', callId: change.callId })
  return {
    status: row.status,
    organizationId: row.organization_id,
    lastSequence: row.last_sequence,
    deliveryIds: row.delivery_ids,
    workIds: row.work_ids,
  }
}

interface CallChangeRow {
  status: CallStatus
  organization_id: string
  last_sequence: number
  delivery_ids: string[]
  work_ids: string[]
}

function dropUndefined(columns: CallColumns): Record<string, Date | string | number | null> {
  return Object.fromEntries(Object.entries(columns).filter((entry) => entry[1] !== undefined))
}
