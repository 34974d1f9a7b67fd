import { describe, expect, test } from 'vitest'
import type { RecordedStream } from '../recordings/index.ts'
import { planRecording } from './plan-recording.ts'

const call = { startedAtMs: 1_000_000, endedAtMs: 1_060_000 }

function stream(
  streamId: string,
  openedAfterMs: number,
  parts: [number: number, offsetMs: number, durationMs: number, isLast?: boolean][],
): RecordedStream {
  return {
    streamId,
    openedAt: new Date(call.startedAtMs + openedAfterMs),
    closedAt: null,
    isOrphan: false,
    parts: parts.map(([number, offsetMs, durationMs, isLast = false]) => ({
      streamId,
      number,
      storageKey: `${streamId}/${number}`,
      offsetMs,
      durationMs,
      isLast,
    })),
  }
}

describe('the plan of a recording', () => {
  test('puts parts where they were on the call’s clock', () => {
    const plan = planRecording(
      [
        stream('a', 500, [
          [1, 0, 10_000],
          [2, 10_000, 4000, true],
        ]),
      ],
      call,
    )
    expect(plan).toEqual({
      parts: [
        { storageKey: 'a/1', offsetMs: 500, durationMs: 10_000 },
        { storageKey: 'a/2', offsetMs: 10_500, durationMs: 4000 },
      ],
      lengthMs: 14_500,
      isComplete: true,
    })
  })

  test('a stream without its last part is silence to the end of the call, and not complete', () => {
    const plan = planRecording(
      [stream('a', 0, [[1, 0, 10_000]]), stream('b', 30_000, [[1, 0, 5000, true]])],
      call,
    )
    expect([plan.lengthMs, plan.isComplete]).toEqual([60_000, false])
    expect(plan.parts.map((part) => part.offsetMs)).toEqual([0, 30_000])
  })

  test('a hole between the parts is noticed', () => {
    expect(
      planRecording(
        [
          stream('a', 0, [
            [1, 0, 1000],
            [3, 2000, 1000, true],
          ]),
        ],
        call,
      ).isComplete,
    ).toBe(false)
  })

  test('a stream that opened a moment before the answer begins at zero', () => {
    expect(planRecording([stream('a', -50, [[1, 0, 1000, true]])], call).parts[0]?.offsetMs).toBe(0)
  })

  test('without streams there is nothing', () => {
    expect(planRecording([], call)).toMatchObject({ parts: [], isComplete: false })
  })
})
