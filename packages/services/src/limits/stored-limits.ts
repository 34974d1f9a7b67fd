import { InvalidInput } from '@phonevoice/base'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { LIMITS_DEFAULT, type OrganizationLimits } from './limits.ts'

/** The columns of `organization_limits`; null means the default. */
const COLUMNS = {
  concurrentCalls: 'concurrent_calls',
  callsPerMinute: 'calls_per_minute',
  createsPerSecond: 'creates_per_second',
  requestsPerSecond: 'requests_per_second',
  queueTimeoutSeconds: 'queue_timeout_seconds',
  spendPerDayMicroUsd: 'spend_per_day_micro_usd',
} as const satisfies Record<keyof OrganizationLimits, string>

/** A limit may be 0, which stops what it limits, except where that would lock everybody out or end every call at once. */
const LEAST: Readonly<Record<keyof OrganizationLimits, number>> = {
  concurrentCalls: 0,
  callsPerMinute: 0,
  createsPerSecond: 1,
  requestsPerSecond: 1,
  queueTimeoutSeconds: 1,
  spendPerDayMicroUsd: 0,
}
/** What fits the columns. */
const MOST = 1_000_000_000
const MOST_MICRO_USD = 1e15

type LimitRow = Record<(typeof COLUMNS)[keyof OrganizationLimits], number | string | null>

/** What an organization may use at most now. */
export async function getLimits(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<OrganizationLimits> {
  const [row] = await ctx.db.sql<LimitRow[]>`
    select * from organization_limits where organization_id = ${input.organizationId}`
  return toLimits(row)
}

/**
 * Changes limits; what is absent stays, null goes back to the default. Waiting calls are let through by the new numbers within a second, and api
 * processes follow as fast. Throws `invalid_request`; the organization must exist.
 */
export async function setLimits(
  ctx: ServiceContext,
  input: { organizationId: string; change: Partial<Record<keyof OrganizationLimits, number | null>> },
): Promise<OrganizationLimits> {
  const columns: Record<string, number | null> = {}
  for (const name of Object.keys(COLUMNS) as (keyof OrganizationLimits)[]) {
    const value = input.change[name]
    if (value === undefined) continue
    const most = name === 'spendPerDayMicroUsd' ? MOST_MICRO_USD : MOST
    if (value !== null && !(Number.isSafeInteger(value) && value >= LEAST[name] && value <= most))
      throw new InvalidInput(
        'invalid_request',
        `${name} must be a whole number from ${LEAST[name]} to ${most}.`,
      )
    columns[COLUMNS[name]] = value
  }
  const { sql } = ctx.db
  const set = { ...columns, updated_at: new Date(ctx.clock.now()) }
  const { organizationId } = input
  const audited = {
    organizationId,
    action: 'limits.updated',
    resourceId: organizationId,
    details: columns,
  } as const
  const [row] = await sql<LimitRow[]>`
    with changed as (
      insert into organization_limits ${sql({ organization_id: input.organizationId, ...set })}
      on conflict (organization_id) do update set ${sql(set)} returning *
    ), audited as (${insertAudit(ctx, audited, 'changed')})
    select * from changed`
  return toLimits(row)
}

function toLimits(row: LimitRow | undefined): OrganizationLimits {
  const limit = <K extends keyof OrganizationLimits>(name: K) => {
    const value = row?.[COLUMNS[name]] ?? null
    // A bigint arrives as text.
    return value === null ? LIMITS_DEFAULT[name] : (Number(value) as OrganizationLimits[K])
  }
  return {
    concurrentCalls: limit('concurrentCalls'),
    callsPerMinute: limit('callsPerMinute'),
    createsPerSecond: limit('createsPerSecond'),
    requestsPerSecond: limit('requestsPerSecond'),
    queueTimeoutSeconds: limit('queueTimeoutSeconds'),
    spendPerDayMicroUsd: limit('spendPerDayMicroUsd'),
  }
}
