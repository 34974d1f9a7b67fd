/** What the database says about calls, events and deliveries, in the shape the checker reads. */
import {
  type EndpointEventType,
  type EventType,
  renderEndpointEvent,
  renderEvent,
  type WebhookEventType,
} from '@phonevoice/contracts'
import type { Sql } from '@phonevoice/db'
import { groupBy } from './group-by.ts'

export interface CallFact {
  id: string
  organizationId: string
  mode: string
  webhookUrl: string | null
  webhookEvents: readonly string[]
  /** The number of the newest event, as the call's row has it. */
  lastSequence: number
  isCompleted: boolean
}

export interface EventFact {
  id: string
  /** Null: about an endpoint. */
  callId: string | null
  sequence: number
  type: WebhookEventType
  occurredAtMs: number
  /** What a webhook of it looks like, byte for byte. */
  body: string
}

export interface EndpointFact {
  id: string
  organizationId: string
  mode: string
  events: readonly string[]
  createdAtMs: number
  /** It has been as it is since it was created, so what it must have been given is known. */
  isUnchanged: boolean
}

export interface AttemptFact {
  startedAtMs: number
  endedAtMs: number
  status: number | null
}

export interface DeliveryFact {
  id: string
  eventId: string
  callId: string | null
  sequence: number
  endpointId: string | null
  target: string
  url: string
  status: 'pending' | 'delivered' | 'failed'
  failedReason: string | null
  replays: number
  /** How often a worker took it up; more often than it has attempts where workers died. */
  claims: number
  firstStartedAtMs: number | null
  firstEndedAtMs: number | null
  nextAtMs: number | null
  attempts: AttemptFact[]
}

export interface DeliveryFacts {
  calls: CallFact[]
  events: EventFact[]
  endpoints: EndpointFact[]
  deliveries: DeliveryFact[]
}

/** Reads everything, once all writers have stopped: the tables are read one after the other. */
export async function readDeliveryFacts(sql: Sql): Promise<DeliveryFacts> {
  const calls = await sql<CallFact[]>`
    select id, organization_id as "organizationId", mode, webhook_url as "webhookUrl", webhook_events as "webhookEvents",
      last_sequence as "lastSequence", completed_at is not null as "isCompleted" from calls`
  const events = await sql<EventRow[]>`
    select id, call_id, sequence, type, occurred_at, data from call_events
    union all select id, null, 0, type, occurred_at, data from endpoint_events`
  const endpoints = await sql<(Omit<EndpointFact, 'createdAtMs'> & { createdAt: Date })[]>`
    select id, organization_id as "organizationId", mode, events, created_at as "createdAt",
      is_enabled and deleted_at is null and updated_at = created_at as "isUnchanged" from webhook_endpoints`
  const deliveries = await sql<DeliveryRow[]>`
    select id, event_id, call_id, sequence, endpoint_id, target, url, status, failed_reason, replays, attempt, first_started_at, first_ended_at, next_at
    from deliveries`
  const attempts = await sql<
    { delivery_id: string; started_at: Date; duration_ms: number; response_status: number | null }[]
  >`
    select delivery_id, started_at, duration_ms, response_status from delivery_attempts order by delivery_id, number`
  const byDelivery = groupBy(attempts, (attempt) => attempt.delivery_id)
  return {
    calls: [...calls],
    events: events.map(toEvent),
    endpoints: endpoints.map(({ createdAt, ...endpoint }) => ({
      ...endpoint,
      createdAtMs: createdAt.getTime(),
    })),
    deliveries: deliveries.map((row) => ({
      id: row.id,
      eventId: row.event_id,
      callId: row.call_id,
      sequence: row.sequence,
      endpointId: row.endpoint_id,
      target: row.target,
      url: row.url,
      status: row.status,
      failedReason: row.failed_reason,
      replays: row.replays,
      claims: row.attempt,
      firstStartedAtMs: row.first_started_at?.getTime() ?? null,
      firstEndedAtMs: row.first_ended_at?.getTime() ?? null,
      nextAtMs: row.next_at?.getTime() ?? null,
      attempts: (byDelivery.get(row.id) ?? []).map((attempt) => ({
        startedAtMs: attempt.started_at.getTime(),
        endedAtMs: attempt.started_at.getTime() + attempt.duration_ms,
        status: attempt.response_status,
      })),
    })),
  }
}

function toEvent(row: EventRow): EventFact {
  const { id, sequence, data, call_id: callId } = row
  const occurredAtMs = row.occurred_at.getTime()
  const body =
    callId === null
      ? renderEndpointEvent({ id, data, occurredAtMs, type: row.type as EndpointEventType })
      : renderEvent({ id, data, occurredAtMs, callId, sequence, type: row.type as EventType })
  return { id, callId, sequence, type: row.type, occurredAtMs, body }
}

interface EventRow {
  id: string
  call_id: string | null
  sequence: number
  type: WebhookEventType
  occurred_at: Date
  data: string
}

interface DeliveryRow {
  id: string
  event_id: string
  call_id: string | null
  sequence: number
  endpoint_id: string | null
  target: string
  url: string
  status: DeliveryFact['status']
  failed_reason: string | null
  replays: number
  attempt: number
  first_started_at: Date | null
  first_ended_at: Date | null
  next_at: Date | null
}
