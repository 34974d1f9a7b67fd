import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adaptedRange, forgetPause, learnPause } from './learned-pause.ts'

const range = { minMs: 200, maxMs: 1500 }

describe('what the pauses of a caller teach', () => {
  test('one pause moves the wait most of the way, more of them nearly all of it', () => {
    const once = learnPause(null, 640, range)
    expect(once).toBe(620)
    expect(learnPause(once, 640, range)).toBe(746)
  })

  test('turns without a pause bring it back to the setting', () => {
    let learned: number | null = learnPause(null, 1000, range)
    let turns = 0
    while (learned !== null) {
      learned = forgetPause(learned, range)
      turns += 1
    }
    expect(turns).toBeLessThan(40)
    expect(forgetPause(null, range)).toBeNull()
  })

  test('it never leaves the range, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(20_000))), (pauses) => {
        let learned: number | null = null
        for (const pause of pauses)
          learned = pause === null ? forgetPause(learned, range) : learnPause(learned, pause, range)
        const { minMs, maxMs } = adaptedRange(range, learned)
        expect(minMs).toBeGreaterThanOrEqual(range.minMs)
        expect(minMs).toBeLessThanOrEqual(range.maxMs)
        expect(maxMs).toBe(range.maxMs)
      }),
    )
  })
})
