/**
 * Goal: no order of events makes a conversation break a law. Method: a share of what `npm run simulate` does, from a fixed seed and from one that is new
 * in every run; a failure tells the seed and the shortest transcript that shows it.
 */
import { step } from '@phonevoice/conversation'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../random.ts'
import { type Course, randomSettings } from './course.ts'
import { breaksLaw, play } from './play.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'
import { tellCourse } from './tell-course.ts'

function expectLawful(seed: number, steps: number): void {
  const { failure, steps: taken } = simulate({ seed, steps })
  if (failure !== null) {
    const story = tellCourse(shrink(failure.course, breaksLaw(failure.violation.message)))
    throw new Error(`${failure.violation.message} (simulate --steps 1 --seed ${failure.seed})\n${story}`)
  }
  expect(taken).toBeGreaterThanOrEqual(steps)
}

const course: Course = {
  settings: {
    ...randomSettings(createRandom(1)),
    disclosure: null,
    firstMessage: null,
    keypad: { maxDigits: 1, terminator: '', timeoutMs: 1000 },
  },
  timerLatenessMs: 0,
  trace: [],
  ending: 'left-alone',
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
}

describe('random conversations', () => {
  test('keep every law, from the same seed each time', () => {
    expectLawful(7, 70_000)
  }, 120_000)

  test('keep every law, from a seed nobody has tried', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    console.log(`simulated from seed ${seed}`)
    expectLawful(seed, 30_000)
  }, 120_000)

  test('go through every event, every effect and every end', () => {
    const { counts } = simulate({ seed: 7, steps: 70_000 })
    const seen = (kind: string) => Object.keys(counts).filter((name) => name.startsWith(`${kind} `)).length
    // The end of a voicemail is nobody's but the carrier's, and told from outside.
    expect({ events: seen('event'), effects: seen('effect'), ends: seen('ended') }).toEqual({
      events: 27,
      effects: 17,
      ends: 10,
    })
  }, 120_000)

  test('are the same for the same seed', () => {
    expect(simulate({ seed: 3, steps: 3000 })).toEqual(simulate({ seed: 3, steps: 3000 }))
  })

  test('change nothing in place, and go on from a state that was written down', () => {
    const { failure } = simulate({
      seed: 11,
      steps: 4000,
      onStep: ({ before, event, after, effects, nowMs }) => {
        // The next step begins with it.
        deepFreeze(after)
        expect(step(JSON.parse(JSON.stringify(before)), event, nowMs)).toEqual({ state: after, effects })
      },
    })
    expect(failure).toBeNull()
  })

  test('hand a call over with what was written down', () => {
    const run = play(course)
    run.happen({ type: 'call-started', history: [], resumed: false })
    run.happen({ type: 'key-pressed', digit: '1' })
    run.happen({ type: 'silence-requested', isSilenced: true })
    run.happen({ type: 'process-killed' })
    expect(run.told.at(-1)?.event).toEqual({
      type: 'call-started',
      resumed: true,
      history: [{ role: 'user', text: '1' }],
      turns: 1,
      isSilenced: true,
      isDisclosed: false,
    })
  })

  test('are shortened to what a failure needs, and to how soon it comes', () => {
    const trace = ['1', '2', '3', '4', '5'].map((digit, index) => ({
      atMs: index * 1000,
      event: { type: 'key-pressed', digit } as const,
    }))
    const needsTwoAndFive = (candidate: Course) => {
      const digits = candidate.trace.map(({ event }) => (event.type === 'key-pressed' ? event.digit : ''))
      return digits.includes('2') && digits.includes('5')
    }
    expect(shrink({ ...course, trace }, needsTwoAndFive).trace).toEqual(
      [1, 4].map((index) => ({ ...trace[index], atMs: 0 })),
    )
  })
})
