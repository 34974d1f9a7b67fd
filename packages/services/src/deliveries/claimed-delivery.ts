/** A delivery in the hands of a worker, and how a row becomes one. */
import {
  type EndpointEventType,
  type EventType,
  renderEndpointEvent,
  renderEvent,
  type WebhookEventType,
} from '@phonevoice/contracts'

/** A claimed delivery with the event it carries. */
export interface ClaimedDelivery {
  id: string
  organizationId: string
  /** Null: the event is about an endpoint. */
  callId: string | null
  /** Whose secret signs; null: the organization's. */
  endpointId: string | null
  /** For order and breaker. */
  target: string
  url: string
  /** 1 for the first claim. */
  attempt: number
  /** Attempts recorded since the last replay. A claim that died with its worker is none: it says nothing about the receiver. */
  attemptsMade: number
  /** Nothing is sent to an endpoint that was disabled or deleted while the delivery waited; null: it may be sent. */
  obstacle: 'endpoint_disabled' | 'endpoint_deleted' | null
  leaseToken: string
  event: { id: string; type: WebhookEventType; sequence: number; occurredAtMs: number; data: string }
  /** The event as it leaves the house: what is signed and sent, byte for byte. */
  body: string
}

/** As the claim's statement answers. */
export interface DeliveryRow {
  id: string
  organization_id: string
  call_id: string | null
  event_id: string
  sequence: number
  endpoint_id: string | null
  target: string
  url: string
  attempt: number
  attempts_made: number
  type: WebhookEventType
  occurred_at: Date
  data: string
  obstacle: ClaimedDelivery['obstacle']
}

export function toClaimed(row: DeliveryRow, leaseToken: string): ClaimedDelivery {
  const event = {
    id: row.event_id,
    type: row.type,
    sequence: row.sequence,
    occurredAtMs: row.occurred_at.getTime(),
    data: row.data,
  }
  return {
    id: row.id,
    organizationId: row.organization_id,
    callId: row.call_id,
    endpointId: row.endpoint_id,
    target: row.target,
    url: row.url,
    attempt: row.attempt,
    attemptsMade: row.attempts_made,
    obstacle: row.obstacle,
    leaseToken,
    event,
    body: render(event, row.call_id),
  }
}

/** An event with a call is one of the call's types, one without an endpoint's: their writers' types see to that. */
function render(event: ClaimedDelivery['event'], callId: string | null): string {
  return callId === null
    ? renderEndpointEvent({ ...event, type: event.type as EndpointEventType })
    : renderEvent({ ...event, callId, type: event.type as EventType })
}
