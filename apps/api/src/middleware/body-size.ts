import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import type { ApiEnv } from '../dependencies.ts'

/**
 * Refuses bodies of more than `bytesMax`. Hono's own limiter looks at the body first, and looking makes the server build a whole web `Request`,
 * which costs more than everything else a refused key does; so it is asked only when the headers leave the size open.
 */
export function bodySize(bytesMax: number): MiddlewareHandler<ApiEnv> {
  const countWhileReading = bodyLimit({ maxSize: bytesMax, onError: refuse })
  return async function bodySize(c, next) {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return await next()
    const declared = declaredBytes(c)
    if (declared === null) return await countWhileReading(c, next)
    if (declared > bytesMax) refuse()
    await next()
  }
}

/** Null when the length is not known before the end. Node reads exactly as many bytes as the header says. */
function declaredBytes(c: Context<ApiEnv>): number | null {
  const length = c.req.header('content-length')
  if (length === undefined || c.req.header('transfer-encoding') !== undefined) return null
  return Number(length)
}

function refuse(): never {
  throw new HTTPException(413)
}
