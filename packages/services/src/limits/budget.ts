import type { CallRow } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'

/**
 * What a minute of a call is taken to cost until it has been priced: carrier, audio stream, recogniser, model and voice at list prices, rounded up.
 * A minute that has begun counts whole, and a call that is being dialled counts one.
 */
export const ESTIMATE_MICRO_USD_PER_MINUTE = 80_000

/**
 * Whether the day's budget has room for this call, which has been let through: what the day's ended calls have cost, and an estimate for each that is
 * not priced yet. Of calls let through at the same moment the earlier ones count, so that two never push each other out. True without a budget.
 */
export async function hasBudget(ctx: ServiceContext, call: CallRow): Promise<boolean> {
  const now = new Date(ctx.clock.now())
  const today = new Date(Math.floor(now.getTime() / 86_400_000) * 86_400_000)
  const dialedAt = call.dialedAt ?? now
  const [row] = await ctx.db.sql<{ has_room: boolean }[]>`
    select l.spend_per_day_micro_usd >= spent.micro_usd + estimated.micro_usd as has_room
    from organization_limits l cross join lateral (
      select coalesce(sum(cost_micro_usd), 0) as micro_usd from calls
      where organization_id = l.organization_id and mode = ${call.mode} and ended_at >= ${today}
    ) spent cross join lateral (
      select coalesce(sum(least(minutes * ${ESTIMATE_MICRO_USD_PER_MINUTE}::bigint, coalesce(max_cost_micro_usd, 9e15))), 0) as micro_usd
      from (
        select 1 + floor(coalesce(extract(epoch from ${now} - started_at), 0) / 60) as minutes, max_cost_micro_usd from calls
        where organization_id = l.organization_id and mode = ${call.mode} and ended_at is null and status <> 'queued'
          and (dialed_at is null or (dialed_at, id) <= (${dialedAt}, ${call.id}))
        union all
        select 1 + floor(duration_seconds / 60), max_cost_micro_usd from calls
        where organization_id = l.organization_id and mode = ${call.mode} and ended_at >= ${today}
          and cost_micro_usd is null and duration_seconds is not null
      ) unpriced
    ) estimated
    where l.organization_id = ${call.organizationId} and l.spend_per_day_micro_usd is not null`
  return row?.has_room ?? true
}
