import { InvalidInput } from '@phonevoice/base'
import type { CallingHours } from '@phonevoice/contracts'
import type { Mode, ServiceContext } from '../context.ts'
import { checkDial, type DialRefusal } from './check-dial.ts'
import { type StoredPolicy, toPolicy } from './stored-policy.ts'

/**
 * Asks the policy as it stands in the database now, in one read: for the dialler, and for any other door through which a number comes, such as a
 * transfer. Null: it may be dialled. When the database does not answer this throws, and nothing is dialled.
 */
export async function mayDial(
  ctx: ServiceContext,
  input: { organizationId: string; mode: Mode; phoneNumber: string; callingHours?: CallingHours | null },
): Promise<DialRefusal | null> {
  const { organizationId, mode, phoneNumber } = input
  const [row] = await ctx.db.sql<[StoredPolicy & { is_listed: boolean }]>`
    select p.countries, p.calling_hours, exists (
      select from do_not_call_numbers d where d.organization_id = o.id and d.phone_number = ${phoneNumber}
    ) as is_listed
    from (select ${organizationId}::text as id) o left join dial_policies p on p.organization_id = o.id`
  return checkDial(toPolicy(row), {
    phoneNumber,
    mode,
    isOnDoNotCallList: row.is_listed,
    callingHours: input.callingHours ?? null,
    nowMs: ctx.clock.now(),
  })
}

/** A refusal as the error of a request; `pointer` names the field with the number. */
export function dialRefused(refusal: DialRefusal, pointer: string): InvalidInput {
  return new InvalidInput(refusal.reason, refusal.sentence, {
    fields: [{ pointer, message: SHORT[refusal.reason] }],
  })
}

const SHORT: Readonly<Record<DialRefusal['reason'], string>> = {
  destination_blocked: 'must be a number that may be called',
  do_not_call: 'is on the do-not-call list',
  outside_hours: 'is outside the calling hours now',
}
