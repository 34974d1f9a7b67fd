/**
 * Which deliveries may start now. Within a call the first attempts to one receiver keep the order of the events: number n+1 may start when
 * n's first attempt has ended, or when it has been running for 15 s; retries are free. Receivers do not wait for each other. While a receiver's
 * breaker is open nobody waits for anything there: what comes due is put off by the same statement. An organization has a bounded number in flight, so
 * one customer's flood does not hold up the others; two workers claiming at the same moment may pass that bound by what one of them takes.
 */
import {
  type EndpointEventType,
  type EventType,
  renderEndpointEvent,
  renderEvent,
  type WebhookEventType,
} from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { LEASE_MS, newLeaseToken } from '../work/lease.ts'
import { BREAKER_PROBE_MS } from './breaker.ts'

/** How long a first attempt may keep the next event of its call waiting. */
export const FIRST_ATTEMPT_BLOCKS_MS = 15_000
/** Deliveries of one organization in flight at once, over all workers. */
export const IN_FLIGHT_PER_ORGANIZATION_MAX = 50

/** Rows put off by one statement while a breaker is open. */
const PUT_OFF_MAX = 2000

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
  /** How many of them came before the last replay. */
  attemptsBefore: number
  /** Nothing is sent to an endpoint that was disabled or deleted while the delivery waited; null: it may be sent. */
  obstacle: 'endpoint_disabled' | 'endpoint_deleted' | null
  leaseToken: string
  event: { id: string; type: WebhookEventType; sequence: number; occurredAtMs: number; data: string }
  /** The event as it leaves the house: what is signed and sent, byte for byte. */
  body: string
}

export interface ClaimDeliveriesInput {
  /** Only these rows, if they may start: a wake-up names them. */
  ids?: readonly string[]
  limit: number
  leaseMs?: number
  /** Names the claim, so that it can be given back should its answer be lost; see `releaseClaim`. */
  leaseToken?: string
  inFlightPerOrganizationMax?: number
}

/** Takes up to `limit` deliveries that may start now, longest due first. */
export async function claimDeliveries(
  ctx: ServiceContext,
  input: ClaimDeliveriesInput,
): Promise<ClaimedDelivery[]> {
  const { sql } = ctx.db
  const nowMs = ctx.clock.now()
  const now = new Date(nowMs)
  const leaseMs = input.leaseMs ?? LEASE_MS
  const until = new Date(nowMs + leaseMs)
  const blockedSince = new Date(nowMs - FIRST_ATTEMPT_BLOCKS_MS)
  const inFlightMax = input.inFlightPerOrganizationMax ?? IN_FLIGHT_PER_ORGANIZATION_MAX
  const probeUntil = new Date(nowMs + BREAKER_PROBE_MS)
  const token = input.leaseToken ?? newLeaseToken()
  const rows = await sql<DeliveryRow[]>`
    with in_flight as (
      select organization_id, count(*)::int as held from deliveries
      where lease_token is not null and lease_until > ${now} group by organization_id
    ), candidates as (
      select d.id, d.organization_id, d.target, d.next_at, d.sequence,
        (select b.open_until from breakers b where b.organization_id = d.organization_id and b.target = d.target) as open_until
      from deliveries d
      where d.next_at <= ${now}
        ${input.ids ? sql`and d.id = any(${input.ids as string[]})` : sql``}
        -- In this order on purpose: a flood of an organization that has its share must cost a comparison per row, not a look at its calls.
        and case when d.organization_id = any(array(select organization_id from in_flight where held >= ${inFlightMax})) then false
          when exists (
            select from breakers b where b.organization_id = d.organization_id and b.target = d.target and b.open_until > ${now}
          ) then true
          else d.first_ended_at is not null or not exists (
            select 1 from deliveries p
            where p.call_id = d.call_id and p.target = d.target and p.sequence < d.sequence and p.first_ended_at is null
              and (p.first_started_at is null or p.first_started_at > ${blockedSince})
          ) end
      order by d.next_at limit ${input.limit * 10} + (select case when exists (select from breakers where open_until > ${now}) then ${PUT_OFF_MAX}::int else 0 end)
    ), placed as (
      select c.*, row_number() over (partition by c.organization_id, c.target order by c.next_at, c.sequence) as place
      from candidates c where c.open_until is null or c.open_until <= ${now}
    ), ranked as (
      select c.*, row_number() over (partition by c.organization_id order by c.next_at, c.sequence)
        + coalesce((select held from in_flight f where f.organization_id = c.organization_id), 0) as position
      from placed c where c.open_until is null or c.place = 1
    ), half_open as (
      select b.organization_id, b.target from breakers b
      where b.open_until <= ${now} and (b.organization_id, b.target) in (
        select organization_id, target from ranked where open_until is not null and position <= ${inFlightMax}
      )
      for update skip locked
    ), locked as (
      select id from deliveries
      where next_at <= ${now} and id in (
        select id from ranked
        where position <= ${inFlightMax}
          and (open_until is null or (organization_id, target) in (select organization_id, target from half_open))
        order by next_at, sequence limit ${input.limit}
      )
      for update skip locked
    ), put_off as (
      update deliveries d set next_at = case when c.open_until > ${now} then c.open_until else ${probeUntil} end
      from candidates c
      where d.id = c.id and d.id in (
        select id from deliveries where next_at <= ${now} and id in (
          select id from candidates where open_until is not null except select id from ranked
        ) for update skip locked
      )
    ), claimed as (
      update deliveries d set lease_until = ${until}, next_at = ${until}, lease_token = ${token}, attempt = d.attempt + 1,
        first_started_at = coalesce(d.first_started_at, ${now}),
        url = coalesce((select w.url from webhook_endpoints w where w.id = d.endpoint_id), d.url)
      from locked where d.id = locked.id
      returning d.id, d.organization_id, d.call_id, d.event_id, d.sequence, d.endpoint_id, d.target, d.url, d.attempt, d.attempts_before
    ), probing as (
      update breakers b set open_until = ${probeUntil}, probe_delivery_id = claimed.id
      from claimed, half_open h
      where h.organization_id = claimed.organization_id and h.target = claimed.target
        and b.organization_id = h.organization_id and b.target = h.target
    )
    select claimed.*, coalesce(e.type, n.type) as type, coalesce(e.occurred_at, n.occurred_at) as occurred_at, coalesce(e.data, n.data) as data,
      case when w.deleted_at is not null then 'endpoint_deleted'
        when not w.is_enabled and n.type is distinct from 'endpoint.test' then 'endpoint_disabled' end as obstacle
    from claimed
    left join call_events e on e.id = claimed.event_id
    left join endpoint_events n on n.id = claimed.event_id
    left join webhook_endpoints w on w.id = claimed.endpoint_id
    order by claimed.sequence`
  return rows.map((row) => toClaimed(row, token))
}

interface DeliveryRow {
  id: string
  organization_id: string
  call_id: string | null
  event_id: string
  sequence: number
  endpoint_id: string | null
  target: string
  url: string
  attempt: number
  attempts_before: number
  type: WebhookEventType
  occurred_at: Date
  data: string
  obstacle: ClaimedDelivery['obstacle']
}

function toClaimed(row: DeliveryRow, leaseToken: string): ClaimedDelivery {
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
    attemptsBefore: row.attempts_before,
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
