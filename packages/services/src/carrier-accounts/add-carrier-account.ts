import { Conflict, newId } from '@phonevoice/base'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { sealAuthToken } from './auth-token.ts'

/** Adds an account at a carrier; the token is sealed. Throws `invalid_request` when the organization has this account already. */
export async function addCarrierAccount(
  ctx: ServiceContext,
  input: {
    organizationId: string
    carrier: 'twilio'
    accountSid: string
    authToken: string
    /** REST origin, e.g. `https://api.twilio.com`. */
    baseUrl: string
  },
): Promise<{ id: string }> {
  const now = new Date(ctx.clock.now())
  const id = newId('carrierAccount', now.getTime())
  const { organizationId, carrier, accountSid } = input
  const audited = {
    organizationId,
    mode: 'live',
    action: 'carrier_account.created',
    resourceId: id,
    details: { carrier, account_sid: accountSid },
  } as const
  const sealed = await sealAuthToken(ctx, { organizationId, id }, input.authToken)
  const rows = await ctx.db.sql`
    with added as (
      insert into carrier_accounts (id, organization_id, carrier, account_sid, auth_token_sealed, base_url, created_at)
      values (${id}, ${organizationId}, ${carrier}, ${accountSid}, ${sealed},
        ${input.baseUrl.replace(/\/+$/, '')}, ${now})
      on conflict do nothing
      returning id
    ), audited as (${insertAudit(ctx, audited, 'added')})
    select id from added`
  if (rows.length === 0)
    throw new Conflict('invalid_request', 'This organization has this carrier account already.')
  return { id }
}
