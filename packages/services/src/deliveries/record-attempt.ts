import { newId } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'
import { type RecordAttemptInput, toStorableText } from './attempt.ts'
import type { ClaimedDelivery } from './claimed-delivery.ts'
import { countFailure, disabledReason, ignoreTest } from './judge-receiver.ts'
import { recordSuccesses } from './record-successes.ts'
import { type DeliveryStep, stepAfterAttempt } from './retry-schedule.ts'

const WAKE_UPS_MAX = 50

/**
 * Writes an attempt, moves its delivery on and tells the receiver's breaker, in one statement. When it was a first attempt, the call's next delivery
 * may start and is woken. Null: the lease had passed to somebody else, and nothing was written.
 */
export async function recordAttempt(
  ctx: ServiceContext,
  input: RecordAttemptInput,
): Promise<DeliveryStep | null> {
  const { sql } = ctx.db
  const { delivery } = input
  const nowMs = ctx.clock.now()
  const now = new Date(nowMs)
  const isTest = delivery.event.type === 'endpoint.test'
  const step = stepAfterAttempt(
    {
      attempt: delivery.attemptsMade + 1,
      responseStatus: input.responseStatus,
      retryAfterMs: input.retryAfterMs,
      isOnlyOne: isTest,
    },
    nowMs,
    input.random ?? Math.random(),
  )
  if (step.status === 'delivered') return (await recordSuccesses(ctx, [input]))[0] ? step : null
  const nextAt = step.status === 'pending' ? new Date(step.nextAtMs) : null
  const isGone = input.responseStatus === 410
  const judgement = isTest ? ignoreTest(ctx) : countFailure(ctx, delivery, isGone)
  const [row] = await sql<RecordRow[]>`
    with moved as (
      update deliveries set status = ${step.status}, failed_reason = ${step.status === 'failed' ? step.reason : null}, next_at = ${nextAt},
        lease_until = null, lease_token = null, first_ended_at = coalesce(first_ended_at, ${now})
      where id = ${delivery.id} and lease_token = ${delivery.leaseToken}
      returning id, organization_id, call_id, target, sequence
    ), written as (
      insert into delivery_attempts (id, delivery_id, number, started_at, duration_ms, response_status, response_excerpt, error)
      select ${newId('attempt', nowMs)}, moved.id, ${delivery.attempt}, ${new Date(input.startedAtMs)}, ${Math.round(input.durationMs)},
        ${input.responseStatus}, ${toStorableText(input.responseExcerpt)}, ${toStorableText(input.error)}
      from moved
    ), ${judgement}
    select (
      select n.id from deliveries n
      where n.organization_id = moved.organization_id and n.call_id = moved.call_id and n.target = moved.target and n.sequence > moved.sequence
        and n.first_ended_at is null and n.next_at <= ${now}
      order by n.sequence limit 1
    ) as next_delivery, array(select id from released) as released, exists (select from disabled) as is_disabled
    from moved`
  if (!row) return null
  if (row.next_delivery) ctx.wake({ kind: 'delivery', id: row.next_delivery })
  for (const id of row.released.slice(0, WAKE_UPS_MAX)) ctx.wake({ kind: 'delivery', id })
  if (row.is_disabled)
    ctx.log.warn('A webhook endpoint was disabled', {
      organizationId: delivery.organizationId,
      endpointId: delivery.endpointId,
      reason: disabledReason(delivery, isGone),
    })
  return step
}

interface RecordRow {
  next_delivery: string | null
  released: string[]
  is_disabled: boolean
}

/**
 * Gives up a delivery that cannot be sent because its endpoint is disabled or gone; it can be replayed when that has changed. No attempt is written,
 * since none was made.
 */
export async function abandonDelivery(ctx: ServiceContext, delivery: ClaimedDelivery): Promise<void> {
  const now = new Date(ctx.clock.now())
  await ctx.db.sql`
    update deliveries set status = 'failed', failed_reason = ${delivery.obstacle}, next_at = null, lease_until = null, lease_token = null,
      first_ended_at = coalesce(first_ended_at, ${now})
    where id = ${delivery.id} and lease_token = ${delivery.leaseToken}`
}
