import { InvalidInput } from '@phonevoice/base'
import { type CallingHours, callingHoursSchema } from '@phonevoice/contracts'
import { isSupportedCountry } from 'libphonenumber-js/max'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import type { DialPolicy } from './check-dial.ts'
import { type StoredPolicy, toPolicy } from './stored-policy.ts'

/** What to change; an absent part stays as it is, null goes back to the default. */
export interface DialPolicyChange {
  organizationId: string
  countries?: readonly string[] | null
  callingHours?: CallingHours | null
}

/**
 * Changes whom an organization may call and when. Calls that wait are checked against it when their turn comes. Throws `invalid_request` for a
 * country that does not exist or hours that are none; the organization must exist.
 */
export async function setDialPolicy(ctx: ServiceContext, change: DialPolicyChange): Promise<DialPolicy> {
  const countries = change.countries ? [...new Set(change.countries)] : null
  const unknown = countries?.find((country) => !/^[A-Z]{2}$/.test(country) || !isSupportedCountry(country))
  if (unknown !== undefined)
    throw new InvalidInput(
      'invalid_request',
      `"${unknown}" is not a country with a numbering plan: use codes such as US or DE.`,
    )
  const hours = callingHoursSchema.nullable().safeParse(change.callingHours ?? null)
  if (!hours.success)
    throw new InvalidInput('invalid_request', hours.error.issues.map((issue) => issue.message).join('; '))
  const hoursText = hours.data === null ? null : JSON.stringify(hours.data)
  const { sql } = ctx.db
  const { organizationId, ...details } = change
  const audited = {
    organizationId,
    action: 'dial_policy.updated',
    resourceId: organizationId,
    details,
  } as const
  const [row] = await sql<[StoredPolicy]>`
    with changed as (
      insert into dial_policies as p (organization_id, countries, calling_hours, updated_at)
      values (${organizationId}, ${countries}::text[], ${hoursText}::text, ${new Date(ctx.clock.now())})
      on conflict (organization_id) do update set updated_at = excluded.updated_at
        ${change.countries === undefined ? sql`` : sql`, countries = excluded.countries`}
        ${change.callingHours === undefined ? sql`` : sql`, calling_hours = excluded.calling_hours`}
      returning countries, calling_hours
    ), audited as (${insertAudit(ctx, audited, 'changed')})
    select countries, calling_hours from changed`
  return toPolicy(row)
}
