/** The one statement that creates calls: row, first events, deliveries, work and the stored answer of each, or nothing at all. */
import { newId } from '@phonevoice/base'
import type { Database } from '@phonevoice/db'
import type { ServiceContext } from '../context.ts'
import { insertDeliveries } from '../deliveries/new-deliveries.ts'
import { IDEMPOTENCY_KEPT_MS, type Idempotency } from '../idempotency/create-once.ts'
import type { CallRow } from './call-row.ts'
import type { NewEvent } from './call-writer.ts'
import { gatherPerDatabase } from './gather-per-database.ts'

export interface NewCall {
  row: CallRow
  event: NewEvent
  /** Null: an incoming call, which nobody needs to dial. */
  dialAt: Date | null
  idempotency: (Idempotency & { responseBody: string }) | null
}

interface Written {
  workId: string
  deliveryIds: string[]
}

/**
 * Writes a new call and wakes whoever has work from it. False: the idempotency key, or the carrier's id of an incoming call, was there already
 * and nothing was written; a racing twin has committed by then and can be read. Calls created at the same moment share a statement.
 */
export async function insertCall(ctx: ServiceContext, call: NewCall): Promise<boolean> {
  const written = await gathered(ctx, call)
  if (!written) return false
  for (const id of written.deliveryIds) ctx.wake({ kind: 'delivery', id })
  if (call.dialAt !== null) ctx.wake({ kind: 'work', id: written.workId })
  // Nobody can be reading its events yet: nobody has been told its id.
  return true
}

const gathered = gatherPerDatabase(insertCalls)

/** Answers for each call what was written, or null. */
async function insertCalls({ sql }: Database, calls: readonly NewCall[]): Promise<(Written | null)[]> {
  const given = withoutTwins(calls).map(toGiven)
  const now = new Date(Math.max(...calls.map(({ row }) => row.createdAt.getTime())))
  const events = sql`select id as call_id, delivery_id, event_id as id, event_type as type, 1 as sequence from given`
  const rows = await sql<{ id: string; delivery_ids: string[] }[]>`
    with given as materialized (
      select * from json_to_recordset(${JSON.stringify(given)}::text::json) as g (
        id text, organization_id text, mode text, direction text, status text, phone_number text, from_number text, assistant_id text, assistant jsonb,
        webhook_url text, webhook_events text[], metadata text, variables text, is_recorded bool, ring_timeout_seconds int, max_duration_seconds int,
        max_cost_micro_usd bigint, carrier_account_id text, carrier_call_id text, created_at timestamptz, queue_expires_at timestamptz,
        calling_hours text, event_id text, event_type text, event_at timestamptz, event_data text, delivery_id text, work_id text, dial_at timestamptz,
        key text, request_hash text, response_body text
      )
    ), kept as (
      insert into idempotency_keys (organization_id, key, request_hash, response_status, response_body, created_at)
      select organization_id, key, request_hash, 201, response_body, created_at from given where key is not null order by organization_id, key
      on conflict (organization_id, key) do update set request_hash = excluded.request_hash,
        response_status = excluded.response_status, response_body = excluded.response_body, created_at = excluded.created_at
      where idempotency_keys.created_at < excluded.created_at - ${IDEMPOTENCY_KEPT_MS}::int * interval '1 millisecond'
      returning organization_id, key
    ), new_call as (
      insert into calls (id, organization_id, mode, direction, status, phone_number, from_number, assistant_id, assistant,
        webhook_url, webhook_events, metadata, variables, is_recorded, ring_timeout_seconds, max_duration_seconds,
        max_cost_micro_usd, carrier_account_id, carrier_call_id, created_at, queue_expires_at, calling_hours,
        last_seen_at, last_sequence)
      select id, organization_id, mode, direction, status, phone_number, from_number, assistant_id, assistant,
        webhook_url, webhook_events, metadata, variables, is_recorded, ring_timeout_seconds, max_duration_seconds,
        max_cost_micro_usd, carrier_account_id, carrier_call_id, created_at, queue_expires_at, calling_hours, created_at, 1
      from given where key is null or (organization_id, key) in (select organization_id, key from kept)
      on conflict (carrier_call_id) where direction = 'inbound' do nothing
      returning id, organization_id, mode, webhook_url, webhook_events
    ), new_event as (
      insert into call_events (id, call_id, sequence, type, occurred_at, data)
      select g.event_id, g.id, 1, g.event_type, g.event_at, g.event_data from new_call join given g on g.id = new_call.id
    ), new_deliveries as (${insertDeliveries(sql, { call: 'new_call', events, now })}
    ), new_work as (
      insert into work_items (id, call_id, kind, detail, created_at, next_at, attempt)
      select g.work_id, g.id, 'dial', '', g.created_at, g.dial_at, 0 from new_call join given g on g.id = new_call.id
      where g.dial_at is not null
    )
    select new_call.id, array(select d.id from new_deliveries d where d.call_id = new_call.id) as delivery_ids from new_call`
  const deliveryIds = new Map(rows.map((row) => [row.id, row.delivery_ids]))
  const workIds = new Map(given.map((call) => [call.id, call.work_id]))
  return calls.map(({ row: { id } }) => {
    const own = deliveryIds.get(id)
    return own ? { workId: workIds.get(id) ?? '', deliveryIds: own } : null
  })
}

/** Of calls with the same key the first is written; a statement cannot meet a row of its own. */
function withoutTwins(calls: readonly NewCall[]): NewCall[] {
  const keys = new Set<string>()
  return calls.filter(({ row, idempotency }) => {
    if (idempotency === null) return true
    const key = `${row.organizationId} ${idempotency.key}`
    if (keys.has(key)) return false
    keys.add(key)
    return true
  })
}

/** Names are those of the statement's columns. */
function toGiven({ row, event, dialAt, idempotency }: NewCall) {
  const atMs = row.createdAt.getTime()
  return {
    id: row.id,
    organization_id: row.organizationId,
    mode: row.mode,
    direction: row.direction,
    status: row.status,
    phone_number: row.phoneNumber,
    from_number: row.fromNumber,
    assistant_id: row.assistantId,
    assistant: row.assistant,
    webhook_url: row.webhookUrl,
    webhook_events: row.webhookEvents,
    metadata: row.metadata,
    variables: row.variables,
    is_recorded: row.isRecorded,
    ring_timeout_seconds: row.ringTimeoutSeconds,
    max_duration_seconds: row.maxDurationSeconds,
    max_cost_micro_usd: row.maxCostMicroUsd,
    carrier_account_id: row.carrierAccountId,
    carrier_call_id: row.carrierCallId,
    created_at: row.createdAt,
    queue_expires_at: row.queueExpiresAt,
    calling_hours: row.callingHours,
    event_id: event.id,
    event_type: event.type,
    event_at: new Date(event.occurredAtMs),
    event_data: event.data,
    delivery_id: newId('delivery', atMs),
    work_id: newId('work', atMs),
    dial_at: dialAt,
    key: idempotency?.key ?? null,
    request_hash: idempotency?.requestHash ?? null,
    response_body: idempotency?.responseBody ?? null,
  }
}
