/** The one statement that creates a call: row, first events, deliveries, work and the stored answer, or nothing at all. */
import { newId } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'
import { insertDeliveries } from '../deliveries/new-deliveries.ts'
import { type Idempotency, idempotencyGate } from '../idempotency/create-once.ts'
import type { CallRow } from './call-row.ts'
import type { NewEvent } from './call-writer.ts'

export interface NewCall {
  row: CallRow
  event: NewEvent
  /** Null: an incoming call, which nobody needs to dial. */
  dialAt: Date | null
  idempotency: (Idempotency & { responseBody: string }) | null
}

/**
 * Writes a new call and wakes whoever has work from it. False: the idempotency key, or the carrier's id of an incoming call, was there already
 * and nothing was written; a racing twin has committed by then and can be read.
 */
export async function insertCall(ctx: ServiceContext, call: NewCall): Promise<boolean> {
  const { sql } = ctx.db
  const { row, event } = call
  const now = row.createdAt
  const workId = newId('work', now.getTime())

  const gate = idempotencyGate(ctx, {
    organizationId: row.organizationId,
    idempotency: call.idempotency,
    storedBody: call.idempotency?.responseBody ?? '',
  })
  const [written] = await sql<{ delivery_ids: string[] }[]>`
    with gate as (${gate()}), new_call as (
      insert into calls (id, organization_id, mode, direction, status, phone_number, from_number, assistant_id, assistant,
        webhook_url, webhook_events, metadata, variables, is_recorded, ring_timeout_seconds, max_duration_seconds,
        max_cost_micro_usd, carrier_account_id, carrier_call_id, created_at, queue_expires_at, calling_hours,
        last_seen_at, last_sequence)
      select ${row.id}, ${row.organizationId}, ${row.mode}, ${row.direction}, ${row.status}, ${row.phoneNumber}, ${row.fromNumber},
        ${row.assistantId}, ${JSON.stringify(row.assistant)}::text::jsonb, ${row.webhookUrl}::text, ${row.webhookEvents}::text[],
        ${row.metadata}, ${row.variables}, ${row.isRecorded}, ${row.ringTimeoutSeconds}::int, ${row.maxDurationSeconds}::int,
        ${row.maxCostMicroUsd}::bigint, ${row.carrierAccountId}::text, ${row.carrierCallId}::text, ${now}, ${row.queueExpiresAt}::timestamptz,
        ${row.callingHours}::text, ${now}, 1
      from gate
      on conflict (carrier_call_id) where direction = 'inbound' do nothing
      returning id, organization_id, mode, webhook_url, webhook_events, last_sequence
    ), new_event as (
      insert into call_events (id, call_id, sequence, type, occurred_at, data)
      select ${event.id}, id, 1, ${event.type}, ${new Date(event.occurredAtMs)}, ${event.data} from new_call
    ), new_deliveries as (${insertDeliveries(sql, { call: 'new_call', events: [event], now })}
    ), new_work as (
      insert into work_items (id, call_id, kind, detail, created_at, next_at, attempt)
      select ${workId}, id, 'dial', '', ${now}, ${call.dialAt}::timestamptz, 0 from new_call where ${call.dialAt !== null}
    )
    select array(select id from new_deliveries) as delivery_ids from new_call`
  if (!written) return false

  for (const id of written.delivery_ids) ctx.wake({ kind: 'delivery', id })
  if (call.dialAt !== null) ctx.wake({ kind: 'work', id: workId })
  ctx.publish({ topic: 'call-events', callId: row.id })
  return true
}
