import { newId } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'
import { type RecordAttemptInput, toStorableText } from './attempt.ts'
import { BREAKER_PROBE_MS } from './breaker.ts'
import { releasePutOff } from './release-put-off.ts'

/** Put-off deliveries let go by the statement that closes their breaker; `releasePutOff` lets go the others. */
const LET_GO_MAX = 2000
const WAKE_UPS_MAX = 50

/**
 * Writes attempts that succeeded, in one statement for all: their deliveries are done, the next of their calls may start and are woken, and their
 * receivers are well, so that what an open breaker has put off may go. A success of a test speaks for its endpoint. Answers for each whether it was
 * written; if not, the lease had passed to somebody else.
 */
export async function recordSuccesses(
  ctx: ServiceContext,
  inputs: readonly RecordAttemptInput[],
): Promise<boolean[]> {
  const { sql } = ctx.db
  const nowMs = ctx.clock.now()
  const now = new Date(nowMs)
  // In the order of ids, as whoever else changes many deliveries: two statements that want the same rows do not wait for each other in a circle.
  const attempts = [...inputs].sort((one, other) => (one.delivery.id < other.delivery.id ? -1 : 1))
  const texts = (value: (input: RecordAttemptInput) => string | null) => attempts.map(value)
  const [row] = await sql<[RecordedRow]>`
    with moved as (
      update deliveries d set status = 'delivered', failed_reason = null, next_at = null, lease_until = null, lease_token = null,
        first_ended_at = coalesce(d.first_ended_at, ${now}), delivered_at = ${now}
      from unnest(
        ${texts(({ delivery }) => delivery.id)}::text[], ${texts(({ delivery }) => delivery.leaseToken)}::text[],
        ${texts(() => newId('attempt', nowMs))}::text[], ${texts(({ delivery }) => String(delivery.attempt))}::text[],
        ${texts(({ startedAtMs }) => new Date(startedAtMs).toISOString())}::text[], ${texts(({ durationMs }) => String(Math.round(durationMs)))}::text[],
        ${texts(({ responseStatus }) => String(responseStatus))}::text[], ${texts(({ responseExcerpt }) => toStorableText(responseExcerpt))}::text[],
        ${texts(({ delivery }) => delivery.endpointId ?? delivery.target)}::text[]
      ) as t (id, token, attempt_id, number, started_at, duration_ms, response_status, response_excerpt, receiver)
      where d.id = t.id and d.lease_token = t.token
      returning d.id, d.organization_id, d.call_id, d.target, d.sequence,
        t.attempt_id, t.number, t.started_at, t.duration_ms, t.response_status, t.response_excerpt, t.receiver
    ), written as (
      insert into delivery_attempts (id, delivery_id, number, started_at, duration_ms, response_status, response_excerpt)
      select attempt_id, id, number::int, started_at::timestamptz, duration_ms::int, response_status::int, response_excerpt from moved
    ), closed as (
      delete from breakers where (organization_id, target) in (
        select b.organization_id, b.target from breakers b
        where (b.organization_id, b.target) in (select organization_id, receiver from moved)
        order by b.organization_id, b.target for update
      )
      returning organization_id, target, open_until
    ), released as (
      update deliveries set next_at = ${now} where id in (
        select d.id from closed
        join deliveries d on d.organization_id = closed.organization_id and d.target = closed.target
        where closed.open_until is not null and d.next_at > ${now}
          and d.next_at <= closed.open_until + ${BREAKER_PROBE_MS}::int * interval '1 millisecond'
          and (d.lease_until is null or d.lease_until <= ${now}) and d.id not in (select id from moved)
        order by d.sequence limit ${LET_GO_MAX} for update of d skip locked
      )
      returning id
    )
    select array(select id from moved) as moved,
      array(
        select next.id from moved cross join lateral (
          select n.id from deliveries n
          where n.organization_id = moved.organization_id and n.call_id = moved.call_id and n.target = moved.target
            and n.sequence > moved.sequence and n.first_ended_at is null and n.next_at <= ${now}
          order by n.sequence limit 1
        ) next
      ) as next_ids,
      array(select id from released) as released`
  const moved = new Set(row.moved)
  for (const id of row.next_ids) ctx.wake({ kind: 'delivery', id })
  for (const id of row.released.slice(0, WAKE_UPS_MAX)) ctx.wake({ kind: 'delivery', id })
  if (row.released.length === LET_GO_MAX) await releaseOthers(ctx, attempts)
  return inputs.map(({ delivery }) => moved.has(delivery.id))
}

interface RecordedRow {
  moved: string[]
  next_ids: string[]
  released: string[]
}

/** There were more than one statement lets go. */
async function releaseOthers(ctx: ServiceContext, attempts: readonly RecordAttemptInput[]): Promise<void> {
  const receivers = new Map(
    attempts.map(({ delivery }) => [
      `${delivery.organizationId} ${delivery.endpointId ?? delivery.target}`,
      { organizationId: delivery.organizationId, target: delivery.endpointId ?? delivery.target },
    ]),
  )
  for (const receiver of receivers.values()) await releasePutOff(ctx, receiver)
}
