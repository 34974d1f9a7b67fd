import type { PhoneReport } from '@phonevoice/sandbox'
import { expect, test } from 'vitest'
import { conversationLines } from './conversation-lines.ts'

const words = (text: string, startMs: number) =>
  text.split(' ').map((word, index) => ({
    text: word,
    start_ms: startMs + index * 300,
    end_ms: startMs + index * 300 + 280,
  }))

function report(options: {
  atMs: number
  heard: ReturnType<typeof words>
  said?: { text: string; startMs: number; cutAfterWords?: number }[]
  pressed?: { digit: string; at_ms: number }[]
}): PhoneReport {
  const utterances = (options.said ?? []).map(({ text, startMs, cutAfterWords }) => {
    const spoken = words(text, startMs).slice(0, cutAfterWords)
    return {
      text,
      start_ms: startMs,
      end_ms: spoken.at(-1)?.end_ms ?? startMs,
      is_cut: cutAfterWords !== undefined,
      words: spoken,
    }
  })
  return {
    on_the_line_ms: options.atMs,
    heard: { text: '', words: options.heard, damaged_at_ms: [], stretches: [] },
    said: { text: '', utterances },
    pressed: options.pressed ?? [],
    interruptions: [],
    steps_left: 0,
  }
}

const texts = (phone: PhoneReport, hasEnded = false) =>
  conversationLines(phone, hasEnded).map(({ kind, text }) => `${kind}: ${text}`)

test('a sentence is shown once it is followed by silence, or the call is over', () => {
  const heard = words('Hello, how are you?', 100)
  expect(texts(report({ atMs: 1500, heard }))).toEqual([])
  expect(texts(report({ atMs: 1500, heard }), true)).toEqual(['heard: Hello, how are you?'])
  expect(texts(report({ atMs: 2300, heard }))).toEqual(['heard: Hello, how are you?'])
})

test('pauses separate sentences, and lines come in the order they began', () => {
  const phone = report({
    atMs: 9000,
    heard: [...words('Good day.', 100), ...words('Which day?', 3000), ...words('Still there?', 5000)],
    said: [{ text: 'Book me in.', startMs: 1500 }],
    pressed: [{ digit: '4', at_ms: 4000 }],
  })
  expect(texts(phone)).toEqual([
    'heard: Good day.',
    'said: Book me in.',
    'heard: Which day?',
    'pressed: 4',
    'heard: Still there?',
  ])
})

test('what is still being heard holds back what came after it, so that lines are only ever added', () => {
  const heard = words('Once upon a time there was', 0)
  const said = [{ text: 'Stop.', startMs: 1200 }]
  expect(texts(report({ atMs: 1900, heard, said }))).toEqual([])
  expect(texts(report({ atMs: 3000, heard, said }))).toEqual([
    'heard: Once upon a time there was',
    'said: Stop.',
  ])
})

test('a sentence that was cut is shown as far as it came out', () => {
  const said = [{ text: 'I wanted to ask something', startMs: 0, cutAfterWords: 3 }]
  expect(texts(report({ atMs: 1000, heard: [], said }))).toEqual(['said: I wanted to … (cut)'])
})
