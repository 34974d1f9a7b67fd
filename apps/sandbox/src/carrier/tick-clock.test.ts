import { createTestClock } from '@phonevoice/base'
import { expect, test } from 'vitest'
import { createTickClock } from './tick-clock.ts'

function create() {
  const timers = createTestClock()
  let skewMs = 0
  const clock = createTickClock({ timers, monotonicNow: () => timers.now() + skewMs })
  const stall = (ms: number) => {
    skewMs += ms
  }
  return { timers, clock, stall }
}

test('ticks fifty times a second for every subscriber', () => {
  const { timers, clock } = create()
  const counts = [0, 0]
  clock.subscribe(() => counts[0]!++)
  timers.advance(1000)
  clock.subscribe(() => counts[1]!++)
  timers.advance(1000)
  expect(counts).toEqual([100, 50])
  clock.close()
})

test('makes a stall good with a burst and does not drift', () => {
  const { timers, clock, stall } = create()
  let count = 0
  clock.subscribe(() => count++)
  timers.advance(100)
  stall(317)
  timers.advance(20)
  expect(count).toBe(Math.floor((100 + 317 + 20) / 20))
  timers.advance(1000)
  expect(count).toBe(Math.floor((100 + 317 + 20 + 1000) / 20))
  clock.close()
})

test('gives a newcomer no ticks from before it joined', () => {
  const { timers, clock, stall } = create()
  clock.subscribe(() => {})
  timers.advance(100)
  stall(400)
  let count = 0
  clock.subscribe(() => count++)
  timers.advance(20)
  expect(count).toBeLessThanOrEqual(1)
  clock.close()
})

test('goes on for the others when one subscriber throws or leaves', () => {
  const timers = createTestClock()
  const errors: unknown[] = []
  const clock = createTickClock({
    timers,
    monotonicNow: () => timers.now(),
    onError: (error) => errors.push(error),
  })
  let count = 0
  const leave = clock.subscribe(() => {
    leave()
    throw new Error('broken')
  })
  clock.subscribe(() => count++)
  timers.advance(200)
  expect([count, errors.length]).toEqual([10, 1])
  clock.close()
})

test('leaves no timer armed when nobody listens', () => {
  const { timers, clock } = create()
  clock.subscribe(() => {})()
  timers.advance(40)
  expect(timers.pendingTimers).toBe(0)
})
