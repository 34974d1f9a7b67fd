import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MULAW_SILENCE } from './mulaw.ts'
import { createStereoTimeline, type StereoTimeline } from './timed-track.ts'

const S = MULAW_SILENCE

function frame(value: number, ms = 20): Uint8Array {
  return new Uint8Array(ms * 8).fill(value)
}

function channels(block: Uint8Array): { left: number[]; right: number[] } {
  const left: number[] = []
  const right: number[] = []
  for (let i = 0; i < block.length; i += 2) {
    left.push(block[i] as number)
    right.push(block[i + 1] as number)
  }
  return { left, right }
}

/** `[value, milliseconds]` of each run of equal bytes. */
function runs(bytes: readonly number[]): [number, number][] {
  const found: [number, number][] = []
  for (const byte of bytes) {
    const last = found.at(-1)
    if (last && last[0] === byte) last[1] += 1 / 8
    else found.push([byte, 1 / 8])
  }
  return found
}

function finish(timeline: StereoTimeline, endMs = 0): { left: number[]; right: number[] } {
  return channels(timeline.finish(endMs))
}

test('puts the caller left, the assistant right, and silence where nothing was said', () => {
  const timeline = createStereoTimeline({ settleMs: 0 })
  timeline.left(40, frame(1))
  timeline.right(100, frame(2))
  const { left, right } = finish(timeline, 140)
  expect(runs(left)).toEqual([
    [S, 40],
    [1, 20],
    [S, 80],
  ])
  expect(runs(right)).toEqual([
    [S, 100],
    [2, 20],
    [S, 20],
  ])
})

test('smooths the jitter of time stamps without a click or a drift', () => {
  const timeline = createStereoTimeline({ settleMs: 0 })
  const jitter = [0, 3, -4, 11, -9, 18, -18, 2]
  for (let i = 0; i < 400; i++)
    timeline.left(1000 + i * 20 + (i === 0 ? 0 : (jitter[i % jitter.length] as number)), frame(7))
  expect(runs(finish(timeline).left)).toEqual([
    [S, 1000],
    [7, 8000],
  ])
})

test('follows a carrier clock that runs slower than its frames say, in steps it can hear of', () => {
  const timeline = createStereoTimeline({ settleMs: 0 })
  for (let i = 0; i < 2000; i++) timeline.left(i * 20.02, frame(7))
  const { left } = finish(timeline)
  expect(Math.abs(left.length / 8 - 2000 * 20.02)).toBeLessThan(25)
})

test('keeps a lost frame as a gap', () => {
  const timeline = createStereoTimeline({ settleMs: 0 })
  timeline.left(0, frame(1))
  timeline.left(40, frame(2))
  expect(runs(finish(timeline).left)).toEqual([
    [1, 20],
    [S, 20],
    [2, 20],
  ])
})

test('lets the later write win where pieces overlap', () => {
  const timeline = createStereoTimeline({ settleMs: 0 })
  timeline.right(0, frame(1, 100))
  timeline.right(40, frame(2, 20))
  expect(runs(finish(timeline).right)).toEqual([
    [1, 40],
    [2, 20],
    [1, 40],
  ])
})

test('silences what was not played after a cut, and goes on', () => {
  const timeline = createStereoTimeline({ settleMs: 1000 })
  timeline.left(0, frame(9, 300))
  timeline.right(0, frame(1, 300))
  timeline.cutRight(120)
  timeline.right(130, frame(2))
  const { left, right } = finish(timeline)
  expect(runs(right)).toEqual([
    [1, 120],
    [S, 10],
    [2, 20],
    [S, 150],
  ])
  expect(runs(left)).toEqual([[9, 300]])
})

test('yields a block only when it has settled', () => {
  const timeline = createStereoTimeline({ settleMs: 500 })
  timeline.left(0, frame(1))
  expect(timeline.take(500)).toHaveLength(0)
  expect(timeline.take(520)).toHaveLength(2 * 160)
  expect(timeline.takenMs).toBe(20)
  expect(timeline.take(520)).toHaveLength(0)
})

test('drops and counts what comes after its block was taken', () => {
  const timeline = createStereoTimeline({ settleMs: 0 })
  timeline.take(100)
  timeline.left(90, frame(1))
  expect(timeline.droppedBytes).toBe(80)
  expect(runs(finish(timeline).left)).toEqual([[1, 10]])
})

test('holds no more than its window', () => {
  const timeline = createStereoTimeline({ settleMs: 0, windowMsMax: 1000 })
  timeline.left(990, frame(1))
  expect(timeline.droppedBytes).toBe(80)
  timeline.left(5_000_000, frame(1))
  expect(timeline.droppedBytes).toBe(80 + 160)
  expect(timeline.take(3000)).toHaveLength(2 * 8000)
  expect(timeline.take(3000)).toHaveLength(2 * 8000)
  expect(timeline.take(3000)).toHaveLength(2 * 8000)
  expect(timeline.take(3000)).toHaveLength(0)
})

test('keeps every byte in its place while a long call laps its ring', () => {
  const timeline = createStereoTimeline({ settleMs: 100, snapMs: 0 })
  const got: number[] = []
  // 13 ms do not divide the ring, so that pieces lie across its end.
  for (let ms = 0; ms < 5200; ms += 13) {
    for (const [side, salt] of [
      ['left', 1],
      ['right', 7],
    ] as const)
      timeline[side](
        ms,
        Uint8Array.from({ length: 104 }, (_, i) => (8 * ms + i + salt) % 251),
      )
    got.push(...timeline.take(ms))
  }
  got.push(...timeline.finish(0))
  const { left, right } = channels(Uint8Array.from(got))
  const expected = (salt: number) => Buffer.from(Array.from({ length: 41_600 }, (_, i) => (i + salt) % 251))
  expect(Buffer.from(left).equals(expected(1))).toBe(true)
  expect(Buffer.from(right).equals(expected(7))).toBe(true)
})

test('equals a plain array, whatever is written and taken in whatever order', () => {
  const write = fc.record({
    kind: fc.constantFrom('left' as const, 'right' as const),
    atMs: fc.nat(3000),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 2000 }),
  })
  const other = fc.record({ kind: fc.constantFrom('take' as const, 'cut' as const), atMs: fc.nat(3000) })
  fc.assert(
    fc.property(fc.array(fc.oneof(write, other), { maxLength: 40 }), (steps) => {
      const timeline = createStereoTimeline({ settleMs: 100, snapMs: 0 })
      const model = { left: new Uint8Array(40_000).fill(S), right: new Uint8Array(40_000).fill(S) }
      const got: number[] = []
      let taken = 0
      let written = 0
      for (const step of steps) {
        const at = step.atMs * 8
        if ('bytes' in step) {
          timeline[step.kind](step.atMs, step.bytes)
          for (let i = 0; i < step.bytes.length; i++) {
            if (at + i >= taken) model[step.kind][at + i] = step.bytes[i] as number
          }
          if (at + step.bytes.length > taken) written = Math.max(written, at + step.bytes.length)
        } else if (step.kind === 'take') {
          got.push(...timeline.take(step.atMs))
          taken = Math.max(taken, at - 800)
        } else {
          timeline.cutRight(step.atMs)
          model.right.fill(S, Math.max(at, taken))
        }
      }
      got.push(...timeline.finish(0))
      const length = Math.max(taken, written)
      const { left, right } = channels(Uint8Array.from(got))
      expect(left.length).toBe(length)
      // Compared as bytes: element by element the test would take longer than it may.
      expect(Buffer.from(left).equals(model.left.subarray(0, length))).toBe(true)
      expect(Buffer.from(right).equals(model.right.subarray(0, length))).toBe(true)
    }),
    { numRuns: 100 },
  )
})
