/**
 * Which deliveries may start now. Within a call the first attempts to one receiver keep the order of the events: number n+1 may start when
 * n's first attempt has ended, or when it has been running for 15 s; retries are free. Receivers do not wait for each other. While a receiver's
 * breaker is open nobody waits for anything there: what comes due is put off by the same statement. An organization has a bounded number in flight, so
 * one customer's flood does not hold up the others; two workers claiming at the same moment may pass that bound by what one of them takes.
 */
import type { ServiceContext } from '../context.ts'
import { LEASE_MS, newLeaseToken } from '../work/lease.ts'
import { BREAKER_PROBE_MS } from './breaker.ts'
import { dueAtBroken, dueCandidates, namedCandidates } from './claim-candidates.ts'
import { type ClaimedDelivery, type DeliveryRow, toClaimed } from './claimed-delivery.ts'

/** How long a first attempt may keep the next event of its call waiting. */
export const FIRST_ATTEMPT_BLOCKS_MS = 15_000
/** Deliveries of one organization in flight at once, over all workers. */
export const IN_FLIGHT_PER_ORGANIZATION_MAX = 50

/** A first attempt that takes longer is slow. So many of an organization do not count towards its share: those that are stuck hold up nobody else. */
const SLOW_MS = 500
const SLOW_MAX = 50
/** A receiver with so many slow ones gets no more; when all together have `SLOW_MAX`, one is too many. */
const SLOW_PER_RECEIVER_MAX = 10

export interface ClaimDeliveriesInput {
  /** Only these rows, if they may start: a wake-up names them. */
  ids?: readonly string[]
  limit: number
  leaseMs?: number
  /** Names the claim, so that it can be given back should its answer be lost; see `releaseClaim`. */
  leaseToken?: string
  inFlightPerOrganizationMax?: number | undefined
}

export interface DeliveriesClaimed {
  deliveries: ClaimedDelivery[]
  /** Others may start as soon as something that is in flight has ended. */
  hasMore: boolean
}

/** Takes up to `limit` deliveries that may start now, longest due first. */
export async function claimDeliveries(
  ctx: ServiceContext,
  input: ClaimDeliveriesInput,
): Promise<DeliveriesClaimed> {
  const { sql } = ctx.db
  const nowMs = ctx.clock.now()
  const now = new Date(nowMs)
  const leaseMs = input.leaseMs ?? LEASE_MS
  const until = new Date(nowMs + leaseMs)
  const blockedSince = new Date(nowMs - FIRST_ATTEMPT_BLOCKS_MS)
  const inFlightMax = input.inFlightPerOrganizationMax ?? IN_FLIGHT_PER_ORGANIZATION_MAX
  const probeUntil = new Date(nowMs + BREAKER_PROBE_MS)
  const token = input.leaseToken ?? newLeaseToken()
  const named = input.ids
  const candidates = named
    ? namedCandidates(sql, named, { now, blockedSince })
    : dueCandidates(sql, { now, blockedSince, inFlightMax, limit: input.limit })
  const rows = await sql<((DeliveryRow | { id: null }) & { has_more: boolean })[]>`
    with in_flight as (
      select organization_id, target, count(*)::int as held,
        (count(*) filter (where first_ended_at is null and first_started_at <= ${new Date(nowMs - SLOW_MS)}))::int as slow
      from deliveries where lease_token is not null and lease_until > ${now} group by organization_id, target
    ), shares as materialized (
      select organization_id, (sum(held) - least(sum(slow), ${SLOW_MAX}::int))::int as held,
        coalesce(array_agg(target) filter (where slow >= case when all_slow >= ${SLOW_MAX}::int then 1 else ${SLOW_PER_RECEIVER_MAX}::int end), '{}') as slow_targets
      from (select *, sum(slow) over (partition by organization_id) as all_slow from in_flight) f group by organization_id
    ), broken as materialized (
      select organization_id, target, open_until from breakers where open_until is not null
    ), candidates as materialized (${candidates}
    ), placed as (
      select c.*, row_number() over (partition by c.organization_id, c.target order by c.next_at, c.sequence) as place
      from candidates c where c.open_until is null or c.open_until <= ${now}
    ), ranked as (
      select c.*, row_number() over (partition by c.organization_id order by c.next_at, c.sequence) + coalesce(s.held, 0) as position
      from placed c left join shares s on s.organization_id = c.organization_id
      where (c.open_until is null or c.place = 1) and c.target <> all(coalesce(s.slow_targets, '{}'))
    ), half_open as (
      select b.organization_id, b.target from breakers b
      where b.open_until <= ${now} and (b.organization_id, b.target) in (
        select organization_id, target from ranked where open_until is not null and position <= ${inFlightMax}
      )
      for update skip locked
    ), locked as (
      select id from deliveries
      where next_at <= ${now} and id = any(array(
        select id from ranked
        where position <= ${inFlightMax}
          and (open_until is null or (organization_id, target) in (select organization_id, target from half_open))
        order by next_at, sequence limit ${input.limit}
      ))
      for update skip locked
    ), put_off as (
      update deliveries d set next_at = case when b.open_until > ${now} then b.open_until else ${probeUntil} end
      from broken b
      where d.organization_id = b.organization_id and d.target = b.target
        and (b.open_until > ${now} or (b.organization_id, b.target) in (select organization_id, target from half_open))
        and d.id = any(array(
        select id from deliveries where next_at <= ${now} and id = any(array(
          ${named ? sql`select id from candidates where open_until is not null` : dueAtBroken(sql, now)}
          except select id from ranked
        )) for update skip locked
      ))
    ), claimed as (
      update deliveries d set lease_until = ${until}, next_at = ${until}, lease_token = ${token}, attempt = d.attempt + 1,
        first_started_at = coalesce(d.first_started_at, ${now}),
        url = coalesce((select w.url from webhook_endpoints w where w.id = d.endpoint_id), d.url)
      where d.id = any(array(select id from locked))
      returning d.id, d.organization_id, d.call_id, d.event_id, d.sequence, d.endpoint_id, d.target, d.url, d.attempt,
        d.attempts_before
    ), probing as (
      update breakers b set open_until = ${probeUntil}, probe_delivery_id = claimed.id
      from claimed, half_open h
      where h.organization_id = claimed.organization_id and h.target = claimed.target
        and b.organization_id = h.organization_id and b.target = h.target
    )
    select claimed.*,
      case when claimed.attempt - claimed.attempts_before > 1 then (
        select count(*)::int from delivery_attempts a where a.delivery_id = claimed.id and a.number > claimed.attempts_before
      ) else 0 end as attempts_made,
      coalesce(e.type, n.type) as type, coalesce(e.occurred_at, n.occurred_at) as occurred_at, coalesce(e.data, n.data) as data,
      case when w.deleted_at is not null then 'endpoint_deleted'
        when not w.is_enabled and n.type is distinct from 'endpoint.test' then 'endpoint_disabled' end as obstacle, rest.has_more
    from (
      select exists (select from candidates c where c.id <> all(array(select id from locked)) and c.open_until is null)
        or exists (select from shares where held >= ${inFlightMax} or slow_targets <> '{}') as has_more
    ) rest
    left join claimed on true
    left join call_events e on e.id = claimed.event_id
    left join endpoint_events n on n.id = claimed.event_id
    left join webhook_endpoints w on w.id = claimed.endpoint_id
    order by claimed.sequence`
  return {
    deliveries: rows.flatMap((row) => (row.id === null ? [] : [toClaimed(row, token)])),
    hasMore: rows[0]?.has_more ?? false,
  }
}
