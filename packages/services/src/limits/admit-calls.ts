/**
 * Letting calls through. A created call is `queued` and waits in its organization's queue, first come first; to be dialled it must be let through,
 * which makes it `dialing`. From then until its end it holds a line and counts.
 *
 * One statement looks at every queue there is, counts what is live, and lets through as many as the limits have room for, fairly: while the whole
 * deployment is short of lines, whoever holds fewest is next. It counts rows instead of keeping a counter, so nothing can drift when a process dies.
 *
 * Two of these statements at the same moment could both count the same free line. Therefore each also raises the version of one row, on the
 * condition that it is still the version its own snapshot shows. The loser waits for that row's lock, finds another version, and changes nothing;
 * the winner has looked at every queue, so there was nothing left for the loser to do. Calls that end meanwhile only make room.
 */
import type { ServiceContext } from '../context.ts'
import { LIMITS_DEFAULT } from './limits.ts'

/** Most calls let through by one statement; the next follows at once. */
const BATCH = 200
const MINUTE_MS = 60_000

/** Lets through whoever may go, and wakes the dialler for those that waited. Returns the calls. */
export async function admitCalls(ctx: ServiceContext): Promise<string[]> {
  const { sql } = ctx.db
  const now = new Date(ctx.clock.now())
  const minuteAgo = new Date(now.getTime() - MINUTE_MS)
  const cap = ctx.settings.callsConcurrentMax ?? null
  const room =
    cap === null
      ? sql`${BATCH}::int`
      : sql`least(${BATCH}::int, ${cap}::int - (
    select count(*)::int from calls where ended_at is null and status <> 'queued'
  ))`
  const rows = await sql<{ id: string; work_id: string | null }[]>`
    with recursive queues as (
      (select organization_id, mode from calls where status = 'queued' order by organization_id, mode limit 1)
      union all
      select next.organization_id, next.mode from queues cross join lateral (
        select organization_id, mode from calls
        where status = 'queued' and (organization_id, mode) > (queues.organization_id, queues.mode)
        order by organization_id, mode limit 1
      ) next
    ), gate as materialized (
      select version from dial_gate where id = 1
    ), free as (
      select queues.organization_id, queues.mode, live.calls as live, least(
        coalesce(l.concurrent_calls, ${LIMITS_DEFAULT.concurrentCalls}) - live.calls,
        coalesce(l.calls_per_minute, ${LIMITS_DEFAULT.callsPerMinute}) - dialed.calls
      ) as calls
      from queues left join organization_limits l on l.organization_id = queues.organization_id
      cross join lateral (
        select count(*)::int as calls from calls c where c.organization_id = queues.organization_id
          and c.mode = queues.mode and c.ended_at is null and c.status <> 'queued'
      ) live
      cross join lateral (
        select count(*)::int as calls from calls c where c.organization_id = queues.organization_id
          and c.mode = queues.mode and c.dialed_at > ${minuteAgo}
      ) dialed
    ), picked as materialized (
      select next.id from free cross join lateral (
        select c.id, c.created_at, free.live + row_number() over (order by c.created_at, c.id) as rank from calls c
        where c.organization_id = free.organization_id and c.mode = free.mode and c.status = 'queued'
          and c.ending_reason is null
        order by c.created_at, c.id limit least(greatest(free.calls, 0), ${BATCH}::int)
      ) next
      order by next.rank, next.created_at, next.id limit greatest(${room}, 0)
    ), won as (
      update dial_gate set version = version + 1
      where id = 1 and version = (select version from gate) and exists (select from picked)
      returning version
    ), admitted as (
      update calls set status = 'dialing', dialed_at = ${now}, last_seen_at = ${now}
      where exists (select from won) and id in (select id from picked) and status = 'queued'
      returning id
    ), due as (
      update work_items w set next_at = ${now} from admitted
      where w.call_id = admitted.id and w.kind = 'dial' and w.next_at > ${now}
        and (w.lease_token is null or w.lease_until <= ${now})
      returning w.id, w.call_id
    )
    select admitted.id, due.id as work_id from admitted left join due on due.call_id = admitted.id`
  for (const { work_id: id } of rows) if (id !== null) ctx.wake({ kind: 'work', id })
  return rows.map((row) => row.id)
}
