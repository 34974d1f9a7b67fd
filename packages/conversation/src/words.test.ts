import { describe, expect, test } from 'vitest'
import { hasPhrase, isMadeOf, wordsOf } from './words.ts'

describe('wordsOf', () => {
  test.each([
    ['Mm-hm.', ['mm', 'hm']],
    ['  I’m   HERE, now!', ["i'm", 'here', 'now']],
    ["D'accord, à bientôt…", ["d'accord", 'à', 'bientôt']],
    ['555-1234', ['555', '1234']],
    ['...', []],
  ])('brings %j into normal form', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })
})

describe('hasPhrase', () => {
  const words = wordsOf('Okay, thanks and goodbye')
  test('finds whole words only', () => {
    expect(hasPhrase(words, 'Goodbye!')).toBe(true)
    expect(hasPhrase(words, 'bye')).toBe(false)
    expect(hasPhrase(words, 'thanks and')).toBe(true)
  })
  test('can be told where to look', () => {
    expect(hasPhrase(words, 'goodbye', 'end')).toBe(true)
    expect(hasPhrase(words, 'goodbye', 'start')).toBe(false)
    expect(hasPhrase(words, 'okay', 'start')).toBe(true)
  })
  test('finds no empty phrase anywhere', () => {
    expect(hasPhrase(words, ' ! ')).toBe(false)
    expect(hasPhrase([], '')).toBe(false)
  })
})

describe('isMadeOf', () => {
  const phrases = ['yeah', 'uh huh', 'i see', 'oh i see now']
  test('accepts phrases one after another', () => {
    expect(isMadeOf(wordsOf('Yeah, uh-huh. I see.'), phrases)).toBe(true)
    expect(isMadeOf(wordsOf('oh I see now'), phrases)).toBe(true)
  })
  test('refuses a single other word, and no words', () => {
    expect(isMadeOf(wordsOf('yeah but'), phrases)).toBe(false)
    expect(isMadeOf([], phrases)).toBe(false)
  })
  test('accepts a beginning only while more may come', () => {
    expect(isMadeOf(wordsOf('yeah uh'), phrases, true)).toBe(true)
    expect(isMadeOf(wordsOf('yeah u'), phrases, true)).toBe(true)
    expect(isMadeOf(wordsOf('yeah u'), phrases)).toBe(false)
    expect(isMadeOf(wordsOf('yeah I want'), phrases, true)).toBe(false)
  })
})
