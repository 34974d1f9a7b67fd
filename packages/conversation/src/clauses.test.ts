import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitClauses } from './clauses.ts'
import { languageFor } from './languages/language.ts'

const english = languageFor('en')

/** Feeds a text piece by piece, as a stream would, and takes what is left at its end. */
function stream(pieces: readonly string[], language = english): string[] {
  const clauses: string[] = []
  let rest = ''
  for (const piece of pieces) {
    const split = splitClauses(rest + piece, clauses.length, language)
    clauses.push(...split.clauses)
    rest = split.rest
  }
  return rest === '' ? clauses : [...clauses, rest]
}

const fragment = fc.constantFrom(
  ...[
    'Hello',
    ' ',
    ' ',
    '. ',
    '.',
    '! ',
    '? ',
    ', ',
    '\n',
    '$29',
    '3.14',
    'Dr. Smith',
    'www.example.com/a?b=c. ',
    '"Yes." ',
    'e.g. ',
  ],
  ...[
    'word ',
    'another long word ',
    '…',
    '...',
    'U.S. ',
    '1. First ',
    '。',
    '你好',
    '😀',
    '<hang',
    'up/>',
    '(really!) ',
    'a.m. ',
    'I. ',
  ],
)
const text = fc.array(fragment, { maxLength: 60 }).map((parts) => parts.join(''))

describe('splitClauses', () => {
  test('any cut of the same text gives the same clauses', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(12), { maxLength: 80 }), (whole, sizes) => {
        const pieces: string[] = []
        let at = 0
        for (const size of sizes) {
          pieces.push(whole.slice(at, at + size))
          at += size
        }
        pieces.push(whole.slice(at))
        expect(stream(pieces)).toEqual(stream([whole]))
        expect(stream([...whole])).toEqual(stream([whole]))
      }),
    )
  })

  test('the clauses joined are the text', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary', maxLength: 3000 })), (whole) => {
        expect(stream([...whole]).join('')).toBe(whole)
      }),
    )
  })

  test('what is held back is bounded, whatever the model writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', ' ', ','), maxLength: 4000 }), (whole) => {
        const { rest } = splitClauses(whole, 0, english)
        expect(rest.trimEnd().length).toBeLessThanOrEqual(1001)
      }),
    )
  })

  test.each([
    ['Hello there. How are you?', ['Hello there. ', 'How are you?']],
    ['It costs $29. Do you want to have it?', ['It costs $29. ', 'Do you want to have it?']],
    ['It costs $29.50 at most, really.', ['It costs $29.50 at most, really.']],
    [
      'Ask Dr. Smith or Mrs. Jones, e.g. Today at 5 p.m. if you can.',
      ['Ask Dr. Smith or Mrs. Jones, e.g. Today at 5 p.m. if you can.'],
    ],
    [
      'Go to www.example.com/a?b=c for more. It is all there for you.',
      ['Go to www.example.com/a?b=c for more. ', 'It is all there for you.'],
    ],
    ['J. R. R. Tolkien wrote it.', ['J. R. R. Tolkien wrote it.']],
    ['She said "Yes." Then she left the room.', ['She said "Yes." ', 'Then she left the room.']],
    ['Well... maybe we can do it.', ['Well... maybe we can do it.']],
    ['1. Call us.', ['1. Call us.']],
    ['好的。我明白了。', ['好的。', '我明白了。']],
    ['Sure!\nFirst, open the door for me.', ['Sure!\n', 'First, open the door for me.']],
  ])('cuts %j where a voice would breathe', (whole, clauses) => {
    expect(stream([...whole])).toEqual(clauses)
  })

  test('needs one character behind a sentence mark, since "$29." may go on', () => {
    expect(splitClauses('It costs $29.', 0, english)).toEqual({ clauses: [], rest: 'It costs $29.' })
    expect(splitClauses('It costs $29. ', 0, english)).toEqual({ clauses: [], rest: 'It costs $29. ' })
    expect(splitClauses('It costs $29. N', 0, english)).toEqual({ clauses: ['It costs $29. '], rest: 'N' })
  })

  test('lets the first clause go at a comma once it is long enough, and only the first', () => {
    const long = 'If you would like to come on a Thursday afternoon, we have a table'
    expect(splitClauses(long, 0, english).clauses).toEqual([
      'If you would like to come on a Thursday afternoon, ',
    ])
    expect(splitClauses(long, 1, english).clauses).toEqual([])
    expect(splitClauses('Well, yes, of course', 0, english).clauses).toEqual([])
  })

  test('keeps a short sentence for the next one, except at the beginning', () => {
    expect(stream(['Yes. No. Perhaps. We shall see about that.'])).toEqual([
      'Yes. ',
      'No. Perhaps. We shall see about that.',
    ])
  })

  test('cuts endless text at a blank, or anywhere when there is none', () => {
    expect(stream(['word '.repeat(100)])[0]).toHaveLength(305)
    expect(stream(['a'.repeat(2500)]).map((clause) => clause.length)).toEqual([1000, 1000, 500])
  })

  test('knows the abbreviations of the language', () => {
    const whole = 'Je passe la parole à Mme. Dupont qui vous répondra.'
    expect(stream([whole], languageFor('fr'))).toEqual([whole])
    expect(stream([whole], languageFor('en'))).toHaveLength(2)
  })
})
