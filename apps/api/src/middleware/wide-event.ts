import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { ApiDependencies, ApiEnv } from '../dependencies.ts'

/** Writes one log line per request, with whatever handlers have added to `wide`; hands out a context whose own lines carry the request id. */
export function wideEvent(dependencies: ApiDependencies): MiddlewareHandler<ApiEnv> {
  const { log, timers, createContext } = dependencies
  return async function wideEvent(c, next) {
    const startedAtMs = timers.now()
    const wide: Record<string, unknown> = {}
    c.set('wide', wide)
    c.set('context', createContext(log.child({ requestId: c.get('requestId') })))
    await next()
    const owner: ApiEnv['Variables']['owner'] | undefined = c.get('owner')
    // The pattern, not the path: ids of links are secrets, and patterns can be counted.
    log.info('request', {
      requestId: c.get('requestId'),
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      durationMs: timers.now() - startedAtMs,
      ...(owner ? { organizationId: owner.organizationId, keyId: owner.keyId, mode: owner.mode } : {}),
      ...wide,
    })
  }
}
