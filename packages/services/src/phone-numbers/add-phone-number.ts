import { Conflict, InvalidInput, NotFound, newId } from '@phonevoice/base'
import { isPhoneNumber, type PhoneNumberResource } from '@phonevoice/contracts'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { toPhoneNumber } from './to-phone-number.ts'

/**
 * Notes that a live number belongs to an organization's carrier account, for whoever runs the deployment. Repeating it changes nothing. Throws
 * `invalid_phone_number`, `not_found` for the account, `phone_number_taken`.
 */
export async function addPhoneNumber(
  ctx: ServiceContext,
  input: { organizationId: string; carrierAccountId: string; phoneNumber: string },
): Promise<PhoneNumberResource> {
  if (!isPhoneNumber(input.phoneNumber))
    throw new InvalidInput(
      'invalid_phone_number',
      'Write the number in E.164 form, for example +12025550100.',
      {
        fields: [{ pointer: '/phone_number', message: 'must be a valid phone number in E.164 form' }],
      },
    )
  const now = new Date(ctx.clock.now())
  const audited = {
    organizationId: input.organizationId,
    mode: 'live',
    action: 'phone_number.added',
    resourceId: input.carrierAccountId,
    details: { phone_number: input.phoneNumber },
  } as const
  const [row] = await ctx.db.sql<AddedRow[]>`
    with account as (
      select id from carrier_accounts where id = ${input.carrierAccountId} and organization_id = ${input.organizationId}
    ), added as (
      insert into phone_numbers (id, organization_id, mode, carrier_account_id, phone_number, created_at)
      select ${newId('phoneNumber', now.getTime())}, ${input.organizationId}, 'live', account.id, ${input.phoneNumber}, ${now}
      from account
      on conflict (mode, phone_number) do update set carrier_account_id = excluded.carrier_account_id
      where phone_numbers.organization_id = excluded.organization_id
      returning *
    ), audited as (${insertAudit(ctx, audited, 'added')})
    select account.id as account_id, added.* from account left join added on true`
  if (!row) throw new NotFound('not_found', 'There is no such carrier account in this organization.')
  if (row.id === null) throw new Conflict('phone_number_taken', 'Another organization has this number.')
  return toPhoneNumber({
    id: row.id,
    organizationId: input.organizationId,
    mode: 'live',
    carrierAccountId: input.carrierAccountId,
    phoneNumber: input.phoneNumber,
    assistantId: row.assistant_id,
    createdAt: row.created_at,
  })
}

interface AddedRow {
  id: string | null
  assistant_id: string | null
  created_at: Date
}
