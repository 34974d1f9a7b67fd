import { createTestClock } from '@phonevoice/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAddressGuard } from './address-guard.ts'
import { type Bucket, fullBucket, refill, secondsUntilFull, secondsUntilToken } from './token-bucket.ts'

describe('a bucket', () => {
  test('over any time gives out no more than it holds and what has flowed in', () => {
    const rates = fc.record({
      perSecond: fc.integer({ min: 1, max: 1000 }),
      burst: fc.integer({ min: 1, max: 2000 }),
    })
    const steps = fc.array(fc.integer({ min: -50, max: 2000 }), { maxLength: 200 })
    fc.assert(
      fc.property(rates, steps, (rate, waits) => {
        let nowMs = 1_000_000
        let latestMs = nowMs
        let bucket: Bucket = fullBucket(rate, nowMs)
        let given = 0
        for (const waitMs of waits) {
          nowMs += waitMs
          latestMs = Math.max(latestMs, nowMs)
          bucket = refill(bucket, rate, nowMs)
          if (bucket.tokens < 1) continue
          bucket = { ...bucket, tokens: bucket.tokens - 1 }
          given++
        }
        expect(given).toBeLessThanOrEqual(
          rate.burst + ((latestMs - 1_000_000) * rate.perSecond) / 1000 + 1e-6,
        )
      }),
    )
  })

  test('says in whole seconds when there is something again, and no earlier', () => {
    const rate = { perSecond: 2, burst: 10 }
    const empty = { tokens: -5, atMs: 0 }
    expect(secondsUntilToken(empty, rate)).toBe(3)
    expect(refill(empty, rate, 3000).tokens).toBe(1)
    expect(secondsUntilFull(empty, rate)).toBe(8)
    expect(secondsUntilToken({ tokens: 0.9, atMs: 0 }, rate)).toBe(1)
  })
})

describe('an address', () => {
  const rate = { perSecond: 1, burst: 3 }

  test('that sent too many rejected keys waits; another does not', () => {
    const clock = createTestClock()
    const guard = createAddressGuard({ clock, rate })
    for (let i = 0; i < 3; i++) {
      expect(guard.waitSeconds('1.1.1.1')).toBe(0)
      guard.note('1.1.1.1')
    }
    expect(guard.waitSeconds('1.1.1.1')).toBe(1)
    expect(guard.waitSeconds('2.2.2.2')).toBe(0)
    clock.advance(1000)
    expect(guard.waitSeconds('1.1.1.1')).toBe(0)
  })

  test('is forgotten when there are too many, the quietest first', () => {
    const clock = createTestClock()
    const guard = createAddressGuard({ clock, rate, entriesMax: 2 })
    for (const address of ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c']) guard.note(address)
    expect(['a', 'b', 'c'].map((address) => guard.waitSeconds(address))).toEqual([0, 1, 1])
  })
})
