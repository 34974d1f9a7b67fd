import { MULAW_FRAME_BYTES, MULAW_SILENCE } from '@phonevoice/audio'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PLAYOUT_BYTES_MAX, Playout } from './playout.ts'

const frame = new Uint8Array(MULAW_FRAME_BYTES)

test('plays at one frame per tick however fast audio arrives', () => {
  const playout = new Playout()
  playout.enqueue(new Uint8Array(400).fill(1))
  expect(playout.next(frame)).toBe(true)
  expect([...frame].every((byte) => byte === 1)).toBe(true)
  playout.next(frame)
  expect(playout.next(frame)).toBe(true)
  expect([frame[79], frame[80], frame[159]]).toEqual([1, MULAW_SILENCE, MULAW_SILENCE])
  expect(playout.next(frame)).toBe(false)
})

test('reaches a mark only when the audio before it has finished sounding', () => {
  const playout = new Playout()
  const reached: string[] = []
  playout.enqueue(new Uint8Array(320))
  playout.mark(() => reached.push('end'))
  playout.next(frame)
  playout.next(frame)
  expect(reached).toEqual([])
  playout.next(frame)
  expect(reached).toEqual(['end'])
})

test('reaches a mark at once when nothing is queued or sounding', () => {
  const playout = new Playout()
  let isReached = false
  playout.mark(() => {
    isReached = true
  })
  expect(isReached).toBe(true)
})

test('does not reach a mark at once while the last frame is still sounding', () => {
  const playout = new Playout()
  let isReached = false
  playout.enqueue(new Uint8Array(160))
  playout.next(frame)
  playout.mark(() => {
    isReached = true
  })
  expect(isReached).toBe(false)
  playout.next(frame)
  expect(isReached).toBe(true)
})

test('clear discards the audio and reaches every waiting mark in order; later audio plays', () => {
  const playout = new Playout()
  const reached: number[] = []
  for (const name of [1, 2, 3]) {
    playout.enqueue(new Uint8Array(160).fill(name))
    playout.mark(() => reached.push(name))
  }
  playout.clear()
  expect(reached).toEqual([1, 2, 3])
  expect(playout.next(frame)).toBe(false)
  playout.enqueue(new Uint8Array(160).fill(9))
  expect(playout.next(frame)).toBe(true)
  expect(frame[0]).toBe(9)
})

test('drop forgets marks without reaching them', () => {
  const playout = new Playout()
  playout.enqueue(new Uint8Array(160))
  playout.mark(() => expect.unreachable())
  playout.drop()
  playout.next(frame)
  playout.next(frame)
})

test('refuses more than ten minutes of audio', () => {
  const playout = new Playout()
  expect(playout.enqueue(new Uint8Array(PLAYOUT_BYTES_MAX))).toBe(true)
  expect(playout.enqueue(new Uint8Array(1))).toBe(false)
})

test('plays every byte once and in order, and every mark after exactly the bytes before it', () => {
  const action = fc.oneof(
    fc.integer({ min: 1, max: 1000 }).map((bytes) => ({ bytes })),
    fc.constant('mark' as const),
    fc.constant('tick' as const),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
      const playout = new Playout()
      let sent = 0
      let played = 0
      let finished = 0
      const waiting: number[] = []
      const tick = () => {
        finished = played
        const out = new Uint8Array(MULAW_FRAME_BYTES)
        if (!playout.next(out)) return
        const count = Math.min(MULAW_FRAME_BYTES, sent - played)
        for (let i = 0; i < count; i++) expect(out[i]).toBe((played + i) % 251)
        played += count
      }
      for (const next of actions) {
        if (next === 'tick') tick()
        else if (next === 'mark') {
          const position = sent
          waiting.push(position)
          playout.mark(() => {
            expect(waiting.shift()).toBe(position)
            expect(finished).toBeGreaterThanOrEqual(position)
          })
        } else {
          playout.enqueue(Uint8Array.from({ length: next.bytes }, (_, i) => (sent + i) % 251))
          sent += next.bytes
        }
      }
      while (!playout.isIdle) tick()
      expect(played).toBe(sent)
      expect(waiting).toEqual([])
    }),
  )
})
