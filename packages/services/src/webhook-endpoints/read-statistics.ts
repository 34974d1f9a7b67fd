import type { EndpointStatistics } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'

const SPAN_MS = 24 * 3_600_000
/** A busy endpoint is judged by its newest deliveries, so that reading it stays a matter of milliseconds. */
const DELIVERIES_MAX = 10_000

/** How an endpoint has done in the last 24 hours. */
export async function readStatistics(ctx: ServiceContext, endpointId: string): Promise<EndpointStatistics> {
  const since = new Date(ctx.clock.now() - SPAN_MS)
  const [row] = await ctx.db.sql<[StatisticsRow]>`
    with recent as materialized (
      select id, status, created_at from deliveries
      where endpoint_id = ${endpointId} and created_at >= ${since}
      order by created_at desc limit ${DELIVERIES_MAX}
    )
    select counts.*, durations.* from (
      select count(*)::int as seen, min(created_at) as oldest,
        (count(*) filter (where status = 'delivered'))::int as delivered,
        (count(*) filter (where status = 'failed'))::int as failed,
        (count(*) filter (where status = 'pending'))::int as pending
      from recent
    ) counts, (
      select count(*)::int as attempts,
        percentile_cont(0.5) within group (order by a.duration_ms) as p50,
        percentile_cont(0.95) within group (order by a.duration_ms) as p95
      from recent join delivery_attempts a on a.delivery_id = recent.id
    ) durations`
  const begin = row.seen === DELIVERIES_MAX && row.oldest !== null ? row.oldest : since
  return {
    since: begin.toISOString(),
    delivered: row.delivered,
    failed: row.failed,
    pending: row.pending,
    attempts: row.attempts,
    duration_ms: row.p50 === null || row.p95 === null ? null : { p50: row.p50, p95: row.p95 },
  }
}

interface StatisticsRow {
  seen: number
  oldest: Date | null
  delivered: number
  failed: number
  pending: number
  attempts: number
  p50: number | null
  p95: number | null
}
