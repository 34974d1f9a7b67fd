import { encodeMulaw, FRAME_MS } from '@phonevoice/audio'
import { expect, it } from 'vitest'
import { ClauseAudio } from './clause-audio.ts'
import { findBreak } from './find-break.ts'

/** Two seconds of sound, with silence in the frames named. */
function clauseWith(silentFrames: readonly number[]): ClauseAudio {
  const clause = new ClauseAudio('r1', 0)
  for (let frame = 0; frame < 100; frame++) {
    const level = silentFrames.includes(frame) ? 0 : 8000
    clause.append(
      encodeMulaw(Int16Array.from({ length: 160 }, (_, sample) => (sample % 2 === 0 ? level : -level))),
    )
  }
  clause.complete()
  return clause
}

it('goes on between two words, a little before or behind the place', () => {
  expect(findBreak(clauseWith([46, 47]), 50 * FRAME_MS)).toBe(47)
  expect(findBreak(clauseWith([52]), 50 * FRAME_MS)).toBe(52)
})

it('goes on at the place itself where nothing is quieter', () => {
  expect(findBreak(clauseWith([]), 50 * FRAME_MS)).toBe(50)
})

it('looks no further than an ear would mind', () => {
  const frame = findBreak(clauseWith([40, 60]), 50 * FRAME_MS)
  expect(frame).toBeGreaterThanOrEqual(45)
  expect(frame).toBeLessThanOrEqual(53)
})

it('begins at the beginning, and never behind the end', () => {
  expect(findBreak(clauseWith([2]), 0)).toBe(0)
  expect(findBreak(clauseWith([]), 100 * FRAME_MS)).toBeLessThan(100)
})
