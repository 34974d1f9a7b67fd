/**
 * Which deliveries could be claimed: fragments of the claim's statement, all based on its CTEs `shares` (what each organization has in flight) and
 * `broken` (breakers that are not closed). Each answers with `id, organization_id, target, next_at, sequence, open_until`.
 *
 * A sweep must cost what it finds, not what waits: behind a receiver that is slow there may be a hundred thousand rows. So it never walks along the
 * rows that are due. It skips from organization to organization, leaves out those that have their share, and then from one call's receiver to the next,
 * of which only the first row that has not been tried can be due: whatever is behind it waits.
 */
import type { ServiceContext } from '../context.ts'

/** What both kinds of claim compare with. */
export interface ClaimTimes {
  now: Date
  /** A first attempt begun before this keeps nobody waiting any longer. */
  blockedSince: Date
}

export interface ClaimShares extends ClaimTimes {
  inFlightMax: number
  limit: number
}

type Sql = ServiceContext['db']['sql']

/** Rows of a receiver put off by one statement. */
const PUT_OFF_MAX = 2000

/** Of the rows that a wake-up names: those that are due and not kept waiting by an earlier event. */
export function namedCandidates(sql: Sql, ids: readonly string[], { now, blockedSince }: ClaimTimes) {
  return sql`
    select d.id, d.organization_id, d.target, d.next_at, d.sequence, b.open_until
    from deliveries d
    left join broken b on b.organization_id = d.organization_id and b.target = d.target
    where d.id = any(${ids as string[]}) and d.next_at <= ${now}
      and (b.open_until > ${now} or d.first_ended_at is not null or not exists (
        select from deliveries p
        where p.organization_id = d.organization_id and p.call_id = d.call_id and p.target = d.target and p.sequence < d.sequence
          and p.first_ended_at is null and (p.first_started_at is null or p.first_started_at > ${blockedSince})
      ))`
}

/** Everything that is due: of each organization a little more than it has room for, so that one can tell whether something is left. */
export function dueCandidates(sql: Sql, { now, blockedSince, inFlightMax, limit }: ClaimShares) {
  const room = sql`least(${inFlightMax}::int - owner.held, ${limit}::int) + 1`
  const isOpen = sql`exists (
    select from broken b where b.organization_id = d.organization_id and b.target = d.target and b.open_until > ${now}
  )`
  return sql`
    select d.id, d.organization_id, d.target, d.next_at, d.sequence, b.open_until
    from (
      select o.organization_id, coalesce(s.held, 0) as held, coalesce(s.slow_targets, '{}') as slow_targets
      from (
        with recursive owners as (
          (select organization_id from deliveries where next_at is not null order by organization_id limit 1)
          union all
          select (
            select d.organization_id from deliveries d where d.next_at is not null and d.organization_id > owners.organization_id
            order by d.organization_id limit 1
          ) from owners where owners.organization_id is not null
        )
        select organization_id from owners where organization_id is not null
      ) o
      left join shares s on s.organization_id = o.organization_id
      where coalesce(s.held, 0) < ${inFlightMax}
    ) owner
    cross join lateral (
      (
        with recursive lines as (
          (
            select d.call_id, d.target from deliveries d
            where d.organization_id = owner.organization_id and d.call_id is not null and d.first_ended_at is null
            order by d.call_id, d.target limit 1
          )
          union all
          select next.call_id, next.target from lines cross join lateral (
            select d.call_id, d.target from deliveries d
            where d.organization_id = owner.organization_id and d.call_id is not null and d.first_ended_at is null
              and (d.call_id, d.target) > (lines.call_id, lines.target)
            order by d.call_id, d.target limit 1
          ) next
        )
        select d.id, d.organization_id, d.target, d.next_at, d.sequence
        from lines cross join lateral (
          select f.id, f.organization_id, f.target, f.next_at, f.sequence from deliveries f
          where f.organization_id = owner.organization_id and f.call_id = lines.call_id and f.target = lines.target and f.first_ended_at is null
            and (f.first_started_at is null or f.first_started_at > ${blockedSince} or f.next_at <= ${now})
          order by f.sequence limit 1
        ) d
        where d.next_at <= ${now} and d.target <> all(owner.slow_targets) and not ${isOpen}
        limit ${room}
      )
      union all
      (
        select d.id, d.organization_id, d.target, d.next_at, d.sequence from deliveries d
        where d.organization_id = owner.organization_id and ${turn(sql)} = 1 and d.next_at is not null and d.next_at <= ${now}
          and not ${isOpen}
        order by d.next_at limit ${room}
      )
    ) d
    left join broken b on b.organization_id = d.organization_id and b.target = d.target`
}

/** What is due at receivers that are not to be asked now. */
export const dueAtBroken = (sql: Sql, now: Date) => sql`
  select d.id from broken b cross join lateral (
    select d.id from deliveries d
    where d.organization_id = b.organization_id and ${turn(sql)} in (0, 1) and d.next_at is not null and d.next_at <= ${now} and d.target = b.target
    order by d.next_at limit ${PUT_OFF_MAX}
  ) d`

/** 0: keeps the order of its call; 1: a retry, or of no call, which waits for no other. Written as the index `deliveries_due` has it. */
const turn = (sql: Sql) =>
  sql`(case when d.first_ended_at is null and d.call_id is not null then 0 else 1 end)`
