import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  parseRetryAfter,
  RETRY_AFTER_MS_MAX,
  RETRY_DELAYS_MS,
  RETRY_JITTER,
  stepAfterAttempt,
} from './retry-schedule.ts'

const failure = fc.oneof(
  fc.constant(null),
  fc.integer({ min: 100, max: 599 }).filter((status) => (status < 200 || status > 299) && status !== 410),
)
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('the retry clock', () => {
  test('every failure but the last is tried again within the jitter of its delay', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: RETRY_DELAYS_MS.length - 1 }),
        failure,
        chance,
        (attempt, responseStatus, random) => {
          const step = stepAfterAttempt({ attempt, responseStatus, retryAfterMs: null }, 1000, random)
          if (step.status !== 'pending') throw new Error(`attempt ${attempt} was not retried`)
          const delayMs = RETRY_DELAYS_MS[attempt] as number
          expect(step.nextAtMs - 1000).toBeGreaterThanOrEqual(Math.floor(delayMs * (1 - RETRY_JITTER)))
          expect(step.nextAtMs - 1000).toBeLessThanOrEqual(Math.ceil(delayMs * (1 + RETRY_JITTER)))
        },
      ),
    )
  })

  test('Retry-After never shortens the wait and never lengthens it past its bound', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: RETRY_DELAYS_MS.length - 1 }),
        fc.integer(),
        chance,
        (attempt, retryAfterMs, random) => {
          const plain = stepAfterAttempt({ attempt, responseStatus: 503, retryAfterMs: null }, 0, random)
          const asked = stepAfterAttempt({ attempt, responseStatus: 503, retryAfterMs }, 0, random)
          if (plain.status !== 'pending' || asked.status !== 'pending') throw new Error('not retried')
          expect(asked.nextAtMs).toBeGreaterThanOrEqual(plain.nextAtMs)
          expect(asked.nextAtMs).toBeLessThanOrEqual(Math.max(plain.nextAtMs, RETRY_AFTER_MS_MAX))
        },
      ),
    )
  })

  test('a delivery that always fails is tried twelve times over about three days', () => {
    let nowMs = 0
    let attempt = 1
    for (;;) {
      const step = stepAfterAttempt({ attempt, responseStatus: 500, retryAfterMs: null }, nowMs, 0.5)
      if (step.status !== 'pending') {
        expect(step.status).toBe('failed')
        break
      }
      nowMs = step.nextAtMs
      attempt += 1
    }
    expect(attempt).toBe(12)
    expect(nowMs / 3600_000).toBeGreaterThan(72)
    expect(nowMs / 3600_000).toBeLessThan(80)
  })

  test('success delivers and 410 ends at any attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 200, max: 299 }),
        (attempt, responseStatus) => {
          expect(stepAfterAttempt({ attempt, responseStatus, retryAfterMs: null }, 0, 0)).toEqual({
            status: 'delivered',
          })
          expect(stepAfterAttempt({ attempt, responseStatus: 410, retryAfterMs: 1 }, 0, 0)).toEqual({
            status: 'failed',
            reason: 'gone',
          })
          const only = { attempt, responseStatus: 500, retryAfterMs: null, isOnlyOne: true }
          expect(stepAfterAttempt(only, 0, 0)).toEqual({ status: 'failed', reason: 'retries_exhausted' })
        },
      ),
    )
  })
})

describe('Retry-After', () => {
  test('is read as seconds or as a date', () => {
    const now = Date.parse('2026-11-20T12:00:00Z')
    expect(parseRetryAfter('120', now)).toBe(120_000)
    expect(parseRetryAfter('Fri, 20 Nov 2026 12:01:00 GMT', now)).toBe(60_000)
    expect(parseRetryAfter('Fri, 20 Nov 2026 11:00:00 GMT', now)).toBe(0)
  })

  test('is ignored when it is anything else', () => {
    for (const value of [null, undefined, '', '-5', '1.5', 'soon', '99999999999'])
      expect(parseRetryAfter(value, 0)).toBeNull()
  })
})
