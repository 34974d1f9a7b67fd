import type { Scope } from '@phonevoice/contracts'
import { requireScopes } from '@phonevoice/services/api-keys'
import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from '../dependencies.ts'

/** Lets only keys through that have the scope, before anything else of the request is looked at. Throws `insufficient_scope`. */
export function requireScope(scope: Scope): MiddlewareHandler<ApiEnv> {
  return async function requireScope(c, next) {
    requireScopes(c.get('owner'), [scope])
    await next()
  }
}
