import { newId } from '@phonevoice/base'
import type { DoNotCallEntry } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { requireStorableText } from '../text/storable.ts'
import { type DoNotCallRow, toDoNotCall } from './to-do-not-call.ts'

/**
 * Puts a number on an organization's list; from now on it is not dialled any more, calls that wait for their turn included. A number that is there
 * already stays as it is.
 */
export async function addDoNotCall(
  ctx: ServiceContext,
  input: { organizationId: string; phoneNumber: string; note: string | null },
): Promise<DoNotCallEntry> {
  requireStorableText(input)
  const now = new Date(ctx.clock.now())
  // The no-op update makes RETURNING answer for a row that was there already.
  const [row] = await ctx.db.sql<[DoNotCallRow]>`
    insert into do_not_call_numbers as d (id, organization_id, phone_number, note, created_at)
    values (${newId('doNotCall', now.getTime())}, ${input.organizationId}, ${input.phoneNumber}, ${input.note}::text, ${now})
    on conflict (organization_id, phone_number) do update set note = d.note
    returning d.id, d.phone_number, d.note, d.created_at`
  return toDoNotCall(row)
}
