import { Conflict, newId } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
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
  const rows = await ctx.db.orm
    .insert(schema.carrierAccounts)
    .values({
      id,
      organizationId: input.organizationId,
      carrier: input.carrier,
      accountSid: input.accountSid,
      authTokenSealed: sealAuthToken(ctx, id, input.authToken),
      baseUrl: input.baseUrl.replace(/\/+$/, ''),
      createdAt: now,
    })
    .onConflictDoNothing()
    .returning({ id: schema.carrierAccounts.id })
  if (rows.length === 0)
    throw new Conflict('invalid_request', 'This organization has this carrier account already.')
  return { id }
}
