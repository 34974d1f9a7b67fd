import type { Mode, ServiceContext } from '../context.ts'

/** Who answers a number. */
export interface BoundNumber {
  phoneNumberId: string
  organizationId: string
  mode: Mode
  assistantId: string
  /** Null: the sandbox's account. */
  carrierAccountId: string | null
}

/** Looks up a called number on the account that reported the call. Null: nobody answers it. */
export async function findBoundNumber(
  ctx: ServiceContext,
  input: { phoneNumber: string; accountSid: string },
): Promise<BoundNumber | null> {
  const mode: Mode = input.accountSid === ctx.settings.sandbox?.accountSid ? 'test' : 'live'
  const [row] = await ctx.db.sql<BoundNumberRow[]>`
    select n.id, n.organization_id, n.assistant_id, n.carrier_account_id
    from phone_numbers n
    join assistants s on s.id = n.assistant_id and s.organization_id = n.organization_id and s.deleted_at is null
    left join carrier_accounts a on a.id = n.carrier_account_id
    where n.mode = ${mode} and n.phone_number = ${input.phoneNumber}
      and (${mode} = 'test' or a.account_sid = ${input.accountSid})`
  if (!row) return null
  return {
    phoneNumberId: row.id,
    organizationId: row.organization_id,
    mode,
    assistantId: row.assistant_id,
    carrierAccountId: row.carrier_account_id,
  }
}

interface BoundNumberRow {
  id: string
  organization_id: string
  assistant_id: string
  carrier_account_id: string | null
}
