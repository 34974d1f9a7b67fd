import type { CarrierAccount } from '@phonevoice/carriers/contract'
import type { ServiceContext } from '../context.ts'

export interface CarrierAccountRow {
  id: string
  organization_id: string
  carrier: 'twilio'
  account_sid: string
  auth_token_sealed: string
  base_url: string
}

/** As it is stored; bound to its account. */
export function sealAuthToken(
  ctx: ServiceContext,
  account: { organizationId: string; id: string },
  authToken: string,
): Promise<string> {
  return ctx.secrets.seal(account.organizationId, authToken, purpose(account.id))
}

/** An account as the carrier adapters want it, its token readable. */
export async function openCarrierAccount(
  ctx: ServiceContext,
  row: CarrierAccountRow,
): Promise<CarrierAccount> {
  return {
    carrier: row.carrier,
    baseUrl: row.base_url,
    accountSid: row.account_sid,
    authToken: await ctx.secrets.open(row.organization_id, row.auth_token_sealed, purpose(row.id)),
  }
}

/** The sandbox's account; null where there is no sandbox. */
export function sandboxAccount(ctx: ServiceContext): CarrierAccount | null {
  const { sandbox } = ctx.settings
  if (!sandbox) return null
  const { carrierUrl, accountSid, authToken } = sandbox
  return { carrier: 'twilio', baseUrl: carrierUrl.replace(/\/+$/, ''), accountSid, authToken }
}

function purpose(accountId: string): string {
  return `carrier-token:${accountId}`
}
