import { newId } from '@phonevoice/base'
import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from '../dependencies.ts'

const HEADER = 'X-Request-Id'
const SANE = /^[A-Za-z0-9._:-]{8,128}$/

/** Gives each request an id, the caller's own where it is sane, and says it in `X-Request-Id` of every answer. */
export function requestId(): MiddlewareHandler<ApiEnv> {
  return async function requestId(c, next) {
    const given = c.req.header('x-request-id')
    const id = given !== undefined && SANE.test(given) ? given : newId('request')
    c.set('requestId', id)
    // Before the answer is made: a header added to a finished one costs more than all that middleware does, since its body becomes a stream.
    c.header(HEADER, id)
    await next()
    // An answer that was not made by the context does not know what the context has prepared.
    if (!c.res.headers.has(HEADER)) c.header(HEADER, id)
  }
}
