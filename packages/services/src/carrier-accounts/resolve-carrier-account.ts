import { PreconditionFailed } from '@phonevoice/base'
import type { CarrierAccount } from '@phonevoice/carriers/contract'
import type { Mode, ServiceContext } from '../context.ts'
import { type CarrierAccountRow, openCarrierAccount, sandboxAccount } from './auth-token.ts'

/**
 * The account that connects a call: the sandbox's in test mode; in live mode the one named, else the organization's first active one. An account
 * that is named is used even when it is no longer active, because a call that it carries must still be ended. Throws `carrier_not_configured`.
 */
export async function resolveCarrierAccount(
  ctx: ServiceContext,
  input: { mode: Mode; organizationId: string; carrierAccountId?: string | null | undefined },
): Promise<CarrierAccount> {
  if (input.mode === 'test') {
    const account = sandboxAccount(ctx)
    if (account) return account
    throw new PreconditionFailed(
      'carrier_not_configured',
      'This deployment has no sandbox, so test calls cannot be connected: use a live key.',
    )
  }
  const accountId = input.carrierAccountId ?? null
  const [row] = await ctx.db.sql<CarrierAccountRow[]>`
    select id, organization_id, carrier, account_sid, auth_token_sealed, base_url from carrier_accounts
    where organization_id = ${input.organizationId}
      and (id = ${accountId}::text or (${accountId}::text is null and is_active))
    order by created_at, id limit 1`
  if (!row)
    throw new PreconditionFailed(
      'carrier_not_configured',
      'This organization has no carrier account: add one before placing live calls.',
    )
  return await openCarrierAccount(ctx, row)
}
