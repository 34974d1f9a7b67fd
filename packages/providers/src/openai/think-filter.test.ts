import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createThinkFilter } from './think-filter.ts'

function filter(pieces: readonly string[]): string {
  const think = createThinkFilter()
  return pieces.map((piece) => think.push(piece)).join('') + think.flush()
}

test.each([
  ['plain text', 'plain text'],
  ['<think>a</think> spoken', 'spoken'],
  ['before <think>a</think>after', 'before after'],
  ['<think>never closed', ''],
  ['a < b and <thing>', 'a < b and <thing>'],
  ['<think>a</think>\n\n<think>b</think>c', 'c'],
  ['ends in <thin', 'ends in <thin'],
])('makes of %j %j', (text, spoken) => {
  expect(filter([text])).toBe(spoken)
})

test('does not depend on how the text is cut', () => {
  const fragment = fc.constantFrom('<think>', '</think>', '<', 'think>', '</', ' ', '\n', 'word', '<th', '>')
  fc.assert(
    fc.property(
      fc.array(fragment, { maxLength: 20 }),
      fc.array(fc.nat(5), { maxLength: 40 }),
      (fragments, cuts) => {
        const text = fragments.join('')
        const pieces: string[] = []
        let at = 0
        for (const cut of cuts) {
          pieces.push(text.slice(at, at + cut))
          at += cut
        }
        pieces.push(text.slice(at))
        expect(filter(pieces)).toBe(filter([text]))
      },
    ),
  )
})

test('speaks plain text at once', () => {
  const think = createThinkFilter()
  expect(think.push('Hello, ')).toBe('Hello, ')
  expect(think.push('x <')).toBe('x ')
  expect(think.push('3')).toBe('<3')
})
