import { newId } from '@phonevoice/base'
import type { DoNotCallEntry } from '@phonevoice/contracts'
import { insertAudit } from '../audit/write-audit.ts'
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
  const id = newId('doNotCall', now.getTime())
  const audited = {
    organizationId: input.organizationId,
    action: 'do_not_call.added',
    resourceId: id,
  } as const
  // The no-op update makes RETURNING answer for a row that was there already.
  const [row] = await ctx.db.sql<[DoNotCallRow]>`
    with written as (
      insert into do_not_call_numbers as d (id, organization_id, phone_number, note, created_at)
      values (${id}, ${input.organizationId}, ${input.phoneNumber}, ${input.note}::text, ${now})
      on conflict (organization_id, phone_number) do update set note = d.note
      returning d.id, d.phone_number, d.note, d.created_at
    ), added as (select from written where id = ${id}
    ), audited as (${insertAudit(ctx, audited, 'added')})
    select * from written`
  return toDoNotCall(row)
}
