/**
 * What an attempt that failed says about its receiver: the CTEs that `recordAttempt` adds to its statement. Each set ends in `released (id)`, deliveries that may be
 * made now, and `disabled`, which has a row when the endpoint was disabled. `moved` is the delivery, or nothing when the lease was lost.
 */
import { newId } from '@phonevoice/base'
import { serialiseEndpointEventData } from '@phonevoice/contracts'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { BREAKER_FAILURES_MAX, BREAKER_OPEN_MS, DISABLE_AFTER_MS } from './breaker.ts'
import type { ClaimedDelivery } from './claimed-delivery.ts'
import { RECEIVER_LETTERS } from './new-deliveries.ts'

/** A failed test says nothing about the endpoint: it may be wanted for just that. */
export function ignoreTest(ctx: ServiceContext) {
  return ctx.db.sql`released as (select null::text as id where false), disabled as (select 1 where false)`
}

/**
 * A failure: counted at the breaker, which may open. Disables an endpoint that answers 410 or has been failing for days, and announces that to
 * the organization's other endpoints. An endpoint that is disabled already has no breaker, so that what waits for it can be given up.
 */
export function countFailure(ctx: ServiceContext, delivery: ClaimedDelivery, isGone: boolean) {
  const { sql } = ctx.db
  const nowMs = ctx.clock.now()
  const now = new Date(nowMs)
  const reason = disabledReason(delivery, isGone)
  const failingSince = new Date(nowMs - DISABLE_AFTER_MS)
  const isEndpoint = delivery.endpointId !== null
  const isTooMuch = sql`${isEndpoint}::bool and breakers.failing_since <= ${failingSince} and breakers.consecutive_failures + 1 >= ${BREAKER_FAILURES_MAX}::int`
  const isOpening = sql`((breakers.open_until is null and breakers.consecutive_failures + 1 >= ${BREAKER_FAILURES_MAX}::int)
    or breakers.probe_delivery_id = ${delivery.id})`
  const eventId = newId('event', nowMs)
  const data = serialiseEndpointEventData('endpoint.disabled', {
    endpoint_id: delivery.endpointId ?? '',
    url: delivery.url,
    reason,
    disabled_at: now.toISOString(),
  })
  const audited = {
    organizationId: delivery.organizationId,
    action: 'webhook_endpoint.disabled',
    resourceId: delivery.endpointId,
    details: { reason },
  } as const
  return sql`
    failing as (
      insert into breakers (organization_id, target, consecutive_failures, failing_since, last_failure_at, opened)
      select moved.organization_id, moved.target, 1, ${now}::timestamptz, ${now}::timestamptz, 0 from moved
      where ${delivery.endpointId}::text is null or exists (
        select from webhook_endpoints w where w.id = ${delivery.endpointId}::text and w.is_enabled and ${reason === 'failing'}::bool
      )
      on conflict (organization_id, target) do update set consecutive_failures = breakers.consecutive_failures + 1, last_failure_at = ${now},
        opened = breakers.opened + case when ${isOpening} then 1 else 0 end,
        open_until = case when ${isTooMuch} then null
          when ${isOpening} then ${now}::timestamptz + (${[...BREAKER_OPEN_MS]}::int[])[least(breakers.opened + 1, ${BREAKER_OPEN_MS.length}::int)] * interval '1 millisecond'
          else breakers.open_until end,
        probe_delivery_id = case when ${isOpening} then null else breakers.probe_delivery_id end
      returning consecutive_failures, failing_since
    ), disabled as (
      update webhook_endpoints w set is_enabled = false, disabled_reason = ${reason}, disabled_at = ${now}, updated_at = ${now}
      from moved
      where w.id = ${delivery.endpointId}::text and w.is_enabled and (${reason === 'gone'}::bool or exists (
        select from failing where failing_since <= ${failingSince} and consecutive_failures >= ${BREAKER_FAILURES_MAX}::int
      ))
      returning w.id, w.organization_id, w.mode
    ), forgotten as (
      delete from breakers b using disabled
      where ${reason === 'gone'}::bool and b.organization_id = disabled.organization_id and b.target = disabled.id
    ), announced as (
      insert into endpoint_events (id, organization_id, endpoint_id, type, occurred_at, data)
      select ${eventId}, organization_id, id, 'endpoint.disabled', ${now}::timestamptz, ${data} from disabled
    ), audited as (${insertAudit(ctx, audited, 'disabled', { mode: 'disabled.mode' })}
    ), released as (
      insert into deliveries (id, organization_id, mode, event_id, sequence, endpoint_id, target, url, status, created_at, next_at, attempt)
      select left(${newId('delivery', nowMs)}, -1) || substr(${RECEIVER_LETTERS}, w.slot + 1, 1), w.organization_id, w.mode, ${eventId}, 0, w.id, w.id,
        w.url, 'pending', ${now}::timestamptz, ${now}::timestamptz, 0
      from disabled
      join webhook_endpoints w on w.organization_id = disabled.organization_id and w.mode = disabled.mode
      where w.id <> disabled.id and w.is_enabled and w.deleted_at is null and 'endpoint.disabled' = any(w.events)
      returning id
    )`
}

/** Why this failure would disable the endpoint; a call's own URL has none to disable. */
export function disabledReason(delivery: ClaimedDelivery, isGone: boolean): 'gone' | 'failing' {
  return isGone && delivery.endpointId !== null ? 'gone' : 'failing'
}
