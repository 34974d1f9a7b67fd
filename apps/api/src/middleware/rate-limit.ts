import { LimitExceeded } from '@phonevoice/base'
import { BURST_SECONDS } from '@phonevoice/services/limits'
import type { Rate, RateLimiter, RateVerdict } from '@phonevoice/services/rate-limits'
import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from '../dependencies.ts'

/**
 * Holds keys to their requests and organizations to their creates, and says on every answer what is left: `RateLimit` and `RateLimit-Policy` as in the
 * IETF's draft "RateLimit header fields for HTTP". Behind `bearer`; costs no round trip.
 */
export function rateLimit(limiter: RateLimiter): MiddlewareHandler<ApiEnv> {
  return async function rateLimit(c, next) {
    const { organizationId, mode, keyId, limits } = c.get('owner')
    const quotas = [quota('requests', `requests:${keyId}`, limits.requestsPerSecond)]
    if (c.req.method === 'POST' && c.req.path === '/v1/calls')
      quotas.push(quota('creates', `creates:${organizationId}:${mode}`, limits.createsPerSecond))
    const taken: { name: string; rate: Rate; verdict: RateVerdict }[] = []
    for (const { name, bucket, rate } of quotas) {
      const verdict = limiter.take(bucket, rate)
      taken.push({ name, rate, verdict })
      if (!verdict.isAllowed) break
    }
    c.header(
      'RateLimit-Policy',
      taken.map(({ name, rate }) => `"${name}";q=${rate.burst};w=${BURST_SECONDS}`).join(', '),
    )
    c.header(
      'RateLimit',
      taken
        .map(({ name, verdict }) => `"${name}";r=${verdict.remaining};t=${verdict.resetSeconds}`)
        .join(', '),
    )
    const refused = taken.find(({ verdict }) => !verdict.isAllowed)
    if (refused)
      throw new LimitExceeded(
        'rate_limited',
        refused.name === 'creates'
          ? `This organization creates calls too fast: at most ${refused.rate.perSecond} a second.`
          : `This key sends requests too fast: at most ${refused.rate.perSecond} a second.`,
        { context: { retryAfterSeconds: refused.verdict.retryAfterSeconds } },
      )
    await next()
  }
}

function quota(
  name: string,
  bucket: string,
  perSecond: number,
): { name: string; bucket: string; rate: Rate } {
  return { name, bucket, rate: { perSecond, burst: perSecond * BURST_SECONDS } }
}
