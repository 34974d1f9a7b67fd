import { describe, expect, test } from 'vitest'
import { languageFor } from '../../languages/language.ts'
import { turnEndDelayMs } from './turn-end-delay.ts'

const range = { minMs: 200, maxMs: 1500 }
const delay = (text: string, tag = 'en') => turnEndDelayMs(text, range, languageFor(tag))

describe('the shortest wait', () => {
  test.each([
    'What are your hours?',
    'I would like a table.',
    'Stop it!',
    'It is at 5:30.',
    'It costs $100.',
    'I have two.',
    'Yes it is.',
  ])('a finished sentence: %s', (text) => expect(delay(text)).toBe(200))
  test.each(['yes', 'Yes', 'okay', 'no thank you', 'Hello', 'uh-huh'])(
    'a short answer, even without punctuation: %s',
    (text) => expect(delay(text)).toBe(200),
  )
  test.each([
    ['oui', 'fr'],
    ["D'accord", 'fr'],
    ['Je voudrais une table.', 'fr'],
    ['¿Qué hora es?', 'es'],
    ['好的。', 'zh'],
  ])('%s (%s)', (text, tag) => expect(delay(text, tag)).toBe(200))
})

describe('a recogniser that judges turns', () => {
  const judged = (text: string, opinion: 'going-on' | 'nearly-over' | 'over') =>
    turnEndDelayMs(text, range, languageFor('en'), opinion)
  test('decides where the words leave it open', () => {
    expect(judged('a table by the window', 'over')).toBe(range.minMs)
    expect(judged('a table by the window', 'nearly-over')).toBe(delay('a table by the window'))
    expect(judged('a table by the window', 'going-on')).toBe(range.maxMs)
  })
  test('does not talk into a number, nor keep a finished sentence waiting', () => {
    expect(judged('My number is five five five', 'over')).toBe(range.maxMs)
    expect(judged('What are your hours?', 'going-on')).toBe(range.minMs)
  })
})

describe('the longest wait', () => {
  test.each([
    'My number is five five five',
    'My number is 555.',
    '5 5 5',
    'It is 0612',
    'The code is four',
    'double seven three',
  ])('a number being dictated: %s', (text) => expect(delay(text)).toBe(1500))
  test.each(['J O H', 'My name is spelled S M.', 'J-O-H-N'])('a name being spelled: %s', (text) =>
    expect(delay(text)).toBe(1500),
  )
  test.each([
    'My email is john at',
    'john@',
    'My email is john at gmail',
    'My email is john@example',
    'email john at gmail dot',
  ])('an e-mail address that has no end yet: %s', (text) => expect(delay(text)).toBe(1500))
  test.each([
    'I would like to book and',
    'I want a table, um',
    'Well,',
    'I was thinking...',
    'My name is',
    'Because.',
    'I need a table for',
  ])('a text that hangs in the air: %s', (text) => expect(delay(text)).toBe(1500))
  test.each(['Je voudrais une table et', 'Mon numéro est zéro six douze', 'euh', "C'est pour"])(
    'French: %s',
    (text) => expect(delay(text, 'fr')).toBe(1500),
  )
})

describe('in between', () => {
  test('words without punctuation', () => expect(delay('I would like a table')).toBe(633))
  test('an e-mail address that is whole', () => expect(delay('my email is john at gmail dot com')).toBe(633))
})

test('a longest wait below the shortest is read as the shortest', () => {
  expect(turnEndDelayMs('and', { minMs: 500, maxMs: 100 }, languageFor('en'))).toBe(500)
})
