import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAudioGatherer } from './audio-gatherer.ts'

const FRAME = 160
const MESSAGE = 640

function gather() {
  const sent: number[][] = []
  return { sent, gatherer: createAudioGatherer((mulaw) => sent.push([...mulaw])) }
}

const frame = (value: number) => new Uint8Array(FRAME).fill(value)

describe('an audio gatherer', () => {
  test('sends four frames in one message, as soon as the fourth is there', () => {
    const { sent, gatherer } = gather()
    for (const value of [1, 2, 3]) gatherer.add(frame(value))
    expect(sent).toEqual([])
    gatherer.add(frame(4))
    expect(sent).toEqual([[1, 2, 3, 4].flatMap((value) => [...frame(value)])])
  })

  test('sends the rest when it is flushed, and nothing when there is none', () => {
    const { sent, gatherer } = gather()
    gatherer.add(frame(1))
    gatherer.flush()
    gatherer.flush()
    expect(sent).toEqual([[...frame(1)]])
  })

  test('forgets the rest when it is dropped', () => {
    const { sent, gatherer } = gather()
    gatherer.add(frame(1))
    gatherer.drop()
    gatherer.add(frame(2))
    gatherer.flush()
    expect(sent).toEqual([[...frame(2)]])
  })

  test('keeps every byte in its place, however the audio is cut, and what it has sent never changes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 2000 })), (chunks) => {
        const sent: Uint8Array[] = []
        const gatherer = createAudioGatherer((mulaw) => sent.push(mulaw))
        for (const chunk of chunks) {
          const reused = chunk.slice()
          gatherer.add(reused)
          reused.fill(0)
        }
        gatherer.flush()
        expect(sent.flatMap((message) => [...message])).toEqual(chunks.flatMap((chunk) => [...chunk]))
        expect(sent.every(({ length }, i) => length === MESSAGE || i === sent.length - 1)).toBe(true)
        expect(sent.every(({ length }) => length > 0)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})
