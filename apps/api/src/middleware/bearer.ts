import { AppError, LimitExceeded, Unauthenticated } from '@phonevoice/base'
import type { Authenticator } from '@phonevoice/services/api-keys'
import type { AddressGuard } from '@phonevoice/services/rate-limits'
import type { Context, MiddlewareHandler } from 'hono'
import type { ApiEnv } from '../dependencies.ts'
import { clientAddress, clientNetwork } from './client-address.ts'

/**
 * Requires `Authorization: Bearer <key>` and leaves its owner, and whom the audit log is to name, for the handler. An address that has sent too many rejected keys is asked to wait before
 * anything is looked up; a key that this process knows to be good works from there all the same.
 */
export function bearer(options: {
  authenticator: Authenticator
  guard: AddressGuard
  trustedProxies: number
}): MiddlewareHandler<ApiEnv> {
  const { authenticator, guard, trustedProxies } = options
  return async function bearer(c, next) {
    const match = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')
    const key = match?.[1]
    if (!key) {
      c.header('WWW-Authenticate', 'Bearer')
      throw new Unauthenticated(
        'missing_api_key',
        'Send your API key in the header "Authorization: Bearer pv_…".',
      )
    }
    const owner = await identify(c, key)
    c.set('owner', owner)
    c.set('isKeyGood', () => authenticator.authenticate(key).then(() => true, isNotRefused))
    const ipAddress = clientAddress(c, trustedProxies)
    const actor = { type: 'api_key', id: owner.keyId, requestId: c.get('requestId'), ipAddress } as const
    c.set('context', { ...c.get('context'), actor })
    await next()
  }

  async function identify(c: Context<ApiEnv>, key: string) {
    const network = clientNetwork(c, trustedProxies)
    const retryAfterSeconds = guard.waitSeconds(network)
    if (retryAfterSeconds > 0 && !authenticator.remembers(key))
      throw new LimitExceeded(
        'rate_limited',
        'Too many API keys from this address were not valid: wait, then send a valid one.',
        { context: { retryAfterSeconds } },
      )
    try {
      return await authenticator.authenticate(key)
    } catch (error) {
      if (error instanceof AppError && error.code === 'invalid_api_key') guard.note(network)
      throw error
    }
  }
}

/** What could not be looked up is not refused either. */
function isNotRefused(error: unknown): boolean {
  return !(error instanceof Unauthenticated)
}
