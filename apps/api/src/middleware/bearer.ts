import { Unauthenticated } from '@phonevoice/base'
import type { Authenticator } from '@phonevoice/services/api-keys'
import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from '../dependencies.ts'

/** Requires `Authorization: Bearer <key>` and leaves its owner for the handler. */
export function bearer(authenticator: Authenticator): MiddlewareHandler<ApiEnv> {
  return async function bearer(c, next) {
    const match = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')
    if (!match?.[1]) {
      c.header('WWW-Authenticate', 'Bearer')
      throw new Unauthenticated(
        'missing_api_key',
        'Send your API key in the header "Authorization: Bearer pv_…".',
      )
    }
    c.set('owner', await authenticator.authenticate(match[1]))
    await next()
  }
}
