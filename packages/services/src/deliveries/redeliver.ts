/**
 * Replays: a delivery is made due again, whatever became of it. It stays the same delivery of the same event, so a receiver that remembers ids
 * recognises it; only its schedule of retries begins anew. Nothing else ever sends after a success.
 */
import { Conflict } from '@phonevoice/base'
import type { DeliveryResource } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { type DeliveryKey, deliveryNotFound, requireDelivery } from './read-deliveries.ts'

/** Deliveries replayed by one request. */
export const REDELIVER_MAX = 10_000
const WAKE_UPS_MAX = 50

/** Throws `not_found`, `endpoint_disabled`, or `delivery_in_flight` while an attempt is being made. */
export async function redeliver(ctx: ServiceContext, input: DeliveryKey): Promise<DeliveryResource> {
  await requireDelivery(ctx, input)
  const { sql } = ctx.db
  const now = new Date(ctx.clock.now())
  const [row] = await sql<{ is_open: boolean; is_replayed: boolean }[]>`
    with found as (
      select d.id, d.endpoint_id is null or (w.is_enabled and w.deleted_at is null) as is_open
      from deliveries d left join webhook_endpoints w on w.id = d.endpoint_id
      where d.id = ${input.deliveryId} and d.organization_id = ${input.organizationId}
    ), replayed as (
      update deliveries d set ${replay(ctx, now)}
      from found where d.id = found.id and found.is_open and (d.lease_until is null or d.lease_until <= ${now})
      returning d.id
    )
    select is_open, exists (select from replayed) as is_replayed from found`
  if (!row) throw deliveryNotFound()
  if (!row.is_open) throw endpointDisabled()
  if (!row.is_replayed)
    throw new Conflict(
      'delivery_in_flight',
      'An attempt of this delivery is being made right now: look at what comes of it first.',
      { context: { retryAfterSeconds: 15 } },
    )
  ctx.wake({ kind: 'delivery', id: input.deliveryId })
  return requireDelivery(ctx, input)
}

/**
 * Replays what an endpoint has failed to take since a time, oldest first, at most `REDELIVER_MAX`; `hasMore`: ask again. Tests are left out.
 * Throws `endpoint_disabled`.
 */
export async function redeliverFailed(
  ctx: ServiceContext,
  input: { organizationId: string; endpointId: string; since: Date; limit?: number },
): Promise<{ count: number; hasMore: boolean }> {
  const { sql } = ctx.db
  const now = new Date(ctx.clock.now())
  const limit = input.limit ?? REDELIVER_MAX
  const [row] = await sql<{ is_enabled: boolean; count: number; woken: string[] }[]>`
    with endpoint as (
      select id, is_enabled from webhook_endpoints
      where id = ${input.endpointId} and organization_id = ${input.organizationId} and deleted_at is null
    ), failed as (
      select d.id from deliveries d
      where d.endpoint_id = ${input.endpointId} and d.target = ${input.endpointId} and d.created_at >= ${input.since} and d.status = 'failed'
        and exists (select from endpoint where is_enabled)
      order by d.created_at, d.sequence limit ${limit} for update skip locked
    ), replayed as (
      update deliveries d set ${replay(ctx, now)} from failed where d.id = failed.id returning d.id
    )
    select is_enabled, (select count(*)::int from replayed) as count, array(select id from replayed limit ${WAKE_UPS_MAX}) as woken from endpoint`
  if (!row?.is_enabled) throw endpointDisabled()
  for (const id of row.woken) ctx.wake({ kind: 'delivery', id })
  return { count: row.count, hasMore: row.count === limit }
}

function replay(ctx: ServiceContext, now: Date) {
  return ctx.db
    .sql`status = 'pending', failed_reason = null, next_at = ${now}, attempts_before = d.attempt, replays = d.replays + 1,
    replayed_at = ${now}, lease_until = null, lease_token = null`
}

function endpointDisabled(): Conflict {
  return new Conflict(
    'endpoint_disabled',
    'The endpoint of this delivery is disabled or deleted: enable it with PATCH /v1/webhook-endpoints/{id} first.',
  )
}
