import { describe, expect, test } from 'vitest'
import { keypadTones } from './keypad-tones.ts'
import { decodeMulaw, MULAW_BYTES_PER_MS } from './mulaw.ts'

const FREQUENCIES = [697, 770, 852, 941, 1209, 1336, 1477, 1633]

/** How strong one frequency is in a piece of sound (Goertzel). */
function strength(pcm: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / 8000)
  let [one, two] = [0, 0]
  for (const sample of pcm) [one, two] = [sample + coefficient * one - two, one]
  return one * one + two * two - coefficient * one * two
}

/** The two strongest of the eight frequencies, low one first. */
function heardIn(mulaw: Uint8Array): number[] {
  const pcm = decodeMulaw(mulaw)
  return FREQUENCIES.map((hz) => ({ hz, power: strength(pcm, hz) }))
    .sort((one, other) => other.power - one.power)
    .slice(0, 2)
    .map(({ hz }) => hz)
    .sort((one, other) => one - other)
}

const KEY_BYTES = 180 * MULAW_BYTES_PER_MS

describe('keys as sound', () => {
  test.each([
    ['1', [697, 1209]],
    ['5', [770, 1336]],
    ['9', [852, 1477]],
    ['0', [941, 1336]],
    ['*', [941, 1209]],
    ['#', [941, 1477]],
    ['d', [941, 1633]],
  ])('%s is its row and its column', (key, frequencies) => {
    const mulaw = keypadTones(key)
    expect(mulaw).toHaveLength(KEY_BYTES)
    expect(heardIn(mulaw.subarray(0, 100 * MULAW_BYTES_PER_MS))).toEqual(frequencies)
    expect(new Set(mulaw.subarray(100 * MULAW_BYTES_PER_MS))).toEqual(new Set([0xff]))
  })

  test('several keys follow each other, with pauses where asked', () => {
    const mulaw = keypadTones('1,2')
    expect(mulaw).toHaveLength(2 * KEY_BYTES + 500 * MULAW_BYTES_PER_MS)
    const second = KEY_BYTES + 500 * MULAW_BYTES_PER_MS
    expect(heardIn(mulaw.subarray(second, second + 800))).toEqual([697, 1336])
  })

  test('what is no key is refused', () => expect(() => keypadTones('x')).toThrow(RangeError))
})
