import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { estimateSpeechMs, heardText as heardTextIn } from './heard-text.ts'
import { languageFor } from './languages/language.ts'

const heardText = (text: string, heardMs: number, durationMs: number | null) =>
  heardTextIn(text, heardMs, durationMs, languageFor('en'))

describe('heardText', () => {
  test.each([
    [0, ''],
    [10, ''],
    [250, 'Our'],
    [500, 'Our hotel'],
    [740, 'Our hotel has'],
    [1499, 'Our hotel has forty rooms.'],
    [1500, 'Our hotel has forty rooms.'],
    [9000, 'Our hotel has forty rooms.'],
  ])('after %i of 1500 ms', (heardMs, heard) => {
    expect(heardText('Our hotel has forty rooms.', heardMs, 1500)).toBe(heard)
  })

  test('counts what is said longer than it is written', () => {
    // "Costs 29 dollars and 50 cents today.": the price is three quarters of it.
    expect(heardText('Costs $29.50 today.', 600, 3600)).toBe('Costs')
    expect(heardText('Costs $29.50 today.', 2500, 3600)).toBe('Costs $29.50')
  })

  test('estimates the length where the voice has not finished', () => {
    const text = 'Our hotel has forty rooms.'
    expect(heardText(text, estimateSpeechMs(text) / 2, null)).toBe('Our hotel has')
    expect(heardText(text, 60_000, null)).toBe(text)
  })

  test('is a prefix of whole words that grows with the time', () => {
    const words = fc
      .array(fc.stringMatching(/^[a-zé.,]{1,9}$/), { maxLength: 20 })
      .map((list) => ` ${list.join(' ')} `)
    fc.assert(
      fc.property(
        words,
        fc.nat(5000),
        fc.nat(5000),
        fc.integer({ min: 1, max: 5000 }),
        (text, oneMs, otherMs, durationMs) => {
          const less = heardText(text, Math.min(oneMs, otherMs), durationMs)
          const more = heardText(text, Math.max(oneMs, otherMs), durationMs)
          expect(more.startsWith(less)).toBe(true)
          expect(text.startsWith(more)).toBe(true)
          expect(more === '' || more === text || /\s/.test(text[more.length] ?? ' ')).toBe(true)
        },
      ),
    )
  })
})
