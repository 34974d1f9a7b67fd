import type { CarrierAccount } from '@phonevoice/carriers/contract'
import type { Mode, ServiceContext } from '../context.ts'
import { type CarrierAccountRow, openCarrierAccount, sandboxAccount } from './auth-token.ts'

export interface KnownCarrierAccount {
  account: CarrierAccount
  mode: Mode
  /** Null: the sandbox's account. */
  organizationId: string | null
  carrierAccountId: string | null
}

/**
 * The accounts that could have signed a request that names this account sid: usually one, several when organizations share an account at the
 * carrier. Check the signature against each; the sid itself proves nothing.
 */
export async function findCarrierAccountBySid(
  ctx: ServiceContext,
  input: { accountSid: string },
): Promise<KnownCarrierAccount[]> {
  const sandbox = sandboxAccount(ctx)
  if (sandbox?.accountSid === input.accountSid)
    return [{ account: sandbox, mode: 'test', organizationId: null, carrierAccountId: null }]
  if (input.accountSid.includes('\0')) return []
  const rows = await ctx.db.sql<CarrierAccountRow[]>`
    select id, organization_id, carrier, account_sid, auth_token_sealed, base_url from carrier_accounts
    where account_sid = ${input.accountSid} order by is_active desc, created_at, id limit 20`
  return await Promise.all(
    rows.map(async (row) => ({
      account: await openCarrierAccount(ctx, row),
      mode: 'live' as const,
      organizationId: row.organization_id,
      carrierAccountId: row.id,
    })),
  )
}
