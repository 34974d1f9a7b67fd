import { describe, expect, test } from 'vitest'
import { isId, newId } from './ids.ts'

describe('newId', () => {
  test('makes ids of its kind that are never the same', () => {
    const ids = new Set<string>()
    for (let i = 0; i < 10_000; i++) ids.add(newId('call', 1_700_000_000_000))
    expect(ids.size).toBe(10_000)
    for (const id of ids) expect(isId('call', id)).toBe(true)
  })

  test('draws every character of the random part evenly, however many ids are made', () => {
    const counts = Array.from({ length: 14 }, () => new Map<string, number>())
    const made = 32 * 1000
    for (let i = 0; i < made; i++) {
      const random = newId('event').slice(-14)
      for (const [at, seen] of counts.entries()) {
        const character = random.charAt(at)
        seen.set(character, (seen.get(character) ?? 0) + 1)
      }
    }
    for (const seen of counts) {
      expect(seen.size).toBe(32)
      // 1000 ± 31 are expected; ten of those deviations do not happen by chance.
      for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(310)
    }
  })

  test('keeps the order of those made within a millisecond', () => {
    const ids = Array.from({ length: 1000 }, () => newId('command', 1_800_000_000_000))
    expect([...ids].sort()).toEqual(ids)
  })

  test('sorts by age', () => {
    const ids = [5, 40, 1_700_000_000_000, 1_700_000_000_001, 2 ** 45].map((nowMs) => newId('turn', nowMs))
    expect([...ids].sort()).toEqual(ids)
  })
})

describe('isId', () => {
  test('tells kinds and shapes apart', () => {
    const id = newId('call')
    expect(isId('event', id)).toBe(false)
    expect(isId('call', id.slice(0, -1))).toBe(false)
    expect(isId('call', `${id.slice(0, -1)}u`)).toBe(false)
  })
})
