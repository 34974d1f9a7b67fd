import type { CallingHours } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { COUNTRIES_DEFAULT, type DialPolicy } from './check-dial.ts'

/** The columns of a policy as they are stored; null, also for want of a row, means the default. */
export interface StoredPolicy {
  countries: string[] | null
  /** JSON text. */
  calling_hours: string | null
}

export function toPolicy(stored: StoredPolicy): DialPolicy {
  return {
    countries: stored.countries ?? COUNTRIES_DEFAULT,
    callingHours: toHours(stored.calling_hours),
  }
}

/** Reads hours back that our own writers have put down. */
export function toHours(text: string | null): CallingHours | null {
  return text === null ? null : (JSON.parse(text) as CallingHours)
}

/** What an organization allows now. */
export async function getDialPolicy(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<DialPolicy> {
  const [row] = await ctx.db.sql<StoredPolicy[]>`
    select countries, calling_hours from dial_policies where organization_id = ${input.organizationId}`
  return toPolicy(row ?? { countries: null, calling_hours: null })
}
