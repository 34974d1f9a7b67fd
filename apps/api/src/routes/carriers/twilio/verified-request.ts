import { AppError, Forbidden } from '@phonevoice/base'
import { verifyTwilioForm } from '@phonevoice/carriers'
import { type CallRow, findCall } from '@phonevoice/services/calls'
import {
  findCarrierAccountBySid,
  type KnownCarrierAccount,
  resolveCarrierAccount,
} from '@phonevoice/services/carrier-accounts'
import type { Context } from 'hono'
import type { ApiEnv } from '../../../dependencies.ts'

/**
 * A carrier request about a call of ours, its signature checked with the account that connects the call. Throws `invalid_signature`, which is also
 * the answer for a call we do not know, or whose account is gone: whoever cannot sign learns nothing.
 */
export async function verifiedCallRequest(
  c: Context<ApiEnv>,
): Promise<{ call: CallRow; form: URLSearchParams }> {
  const context = c.get('context')
  const form = new URLSearchParams(await c.req.text())
  const call = await findCall(context, c.req.query('call') ?? '')
  if (!call) throw invalidSignature()
  const account = await resolveCarrierAccount(context, call).catch(nullWhenNone)
  if (!account || !isSigned(c, account.authToken, form)) throw invalidSignature()
  c.get('wide').callId = call.id
  return { call, form }
}

/**
 * A carrier request that names only an account: every account of that name whose token signed it. Anyone may have added an account under somebody
 * else's name, so the signature of one says nothing about the others. Throws `invalid_signature`.
 */
export async function verifiedAccountRequest(
  c: Context<ApiEnv>,
): Promise<{ accounts: KnownCarrierAccount[]; accountSid: string; form: URLSearchParams }> {
  const form = new URLSearchParams(await c.req.text())
  const accountSid = form.get('AccountSid') ?? ''
  const known = await findCarrierAccountBySid(c.get('context'), { accountSid })
  const accounts = known.filter(({ account }) => isSigned(c, account.authToken, form))
  if (accounts.length === 0) throw invalidSignature()
  return { accounts, accountSid, form }
}

/** The URL is the one we gave out: our own origin, never the `Host` of the request. */
function isSigned(c: Context<ApiEnv>, authToken: string, form: URLSearchParams): boolean {
  const pathAndQuery = c.req.url.replace(/^[a-z]+:\/\/[^/]*/i, '')
  return verifyTwilioForm({
    authToken,
    signature: c.req.header('x-twilio-signature'),
    url: c.get('context').settings.apiOrigin + pathAndQuery,
    form,
  })
}

function nullWhenNone(error: unknown): null {
  if (error instanceof AppError && error.code === 'carrier_not_configured') return null
  throw error
}

function invalidSignature(): Forbidden {
  return new Forbidden(
    'invalid_signature',
    'The request is not signed by the carrier account: check the account’s token and API_PUBLIC_ORIGIN.',
  )
}
