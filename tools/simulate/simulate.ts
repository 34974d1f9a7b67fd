/**
 * Goal: find the order of events that makes a conversation go wrong before a caller does. Method: whole calls in a world of callers, carriers and
 * vendors with random delays and faults, every step held against the laws in `laws/`. The same seed gives the same calls.
 */
import { createRandom, type Random } from '../random.ts'
import { type Course, randomSettings, type TraceEntry } from './course.ts'
import { type StepFacts, Violation } from './laws/laws.ts'
import { latenessMsMax } from './laws/time.ts'
import { play } from './play.ts'
import { createWorld, type Temper } from './world.ts'

export interface Simulation {
  steps: number
  calls: number
  /** How often each event was told, each effect asked for, and why calls ended: what the run has been through. */
  counts: Readonly<Record<string, number>>
  /** The first call that broke a law; the run stops there. */
  failure: Failure | null
}

export interface Failure {
  /** `simulate` with this seed and `steps: 1` plays this call again. */
  seed: number
  violation: Violation
  course: Course
}

/** Plays calls until `steps` steps are taken or a law is broken. Call number n has the seed `seed + n`. */
export function simulate(options: {
  seed: number
  steps: number
  onStep?: (facts: StepFacts) => void
}): Simulation {
  const counts: Record<string, number> = {}
  let steps = 0
  let calls = 0
  let failure: Failure | null = null
  while (steps < options.steps && failure === null) {
    const seed = (options.seed + calls) >>> 0
    const call = simulateCall(seed, counts, options.onStep)
    steps += call.steps
    calls += 1
    failure = call.failure
  }
  return { steps, calls, counts, failure }
}

function simulateCall(
  seed: number,
  counts: Record<string, number>,
  onStep?: (facts: StepFacts) => void,
): { steps: number; failure: Failure | null } {
  const random = createRandom(Math.imul(seed, 0x9e3779b1))
  const head = { settings: randomSettings(random), timerLatenessMs: random.below(latenessMsMax) }
  const ending: Course['ending'] = random.pick(['left-alone', 'hung-up'])
  const world = createWorld(random, randomTemper(random))
  const trace: TraceEntry[] = []
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  const run = play(head, (facts) => {
    world.react(facts)
    onStep?.(facts)
    count(`event ${facts.event.type}`)
    for (const effect of facts.effects) {
      count(`effect ${effect.type}`)
      if (effect.type === 'call-end') count(`ended ${effect.reason}`)
    }
  })
  try {
    const first: TraceEntry = { atMs: 0, event: { type: 'call-started', history: [], resumed: false } }
    trace.push(first)
    run.happen(first.event)
    for (let entries = 20 + random.below(400); entries > 0 && !run.isOver; entries--) {
      const next = world.next(run)
      if (next === null) break
      trace.push(next)
      run.passUntil(next.atMs)
      run.happen(next.event)
    }
    run.finish(ending)
    return { steps: run.steps, failure: null }
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { steps: run.steps, failure: { seed, violation: error, course: { ...head, trace, ending } } }
  }
}

/** Most worlds are good in most respects, so that long conversations come about; few are as bad as can be. */
function randomTemper(random: Random): Temper {
  const share = (bad: number): number => random.pick([0, 0.01, bad / 4, bad])
  return {
    loss: share(0.2),
    doubling: share(0.2),
    lateness: share(0.3),
    staleness: share(1),
    strays: share(0.7),
    incidents: share(0.4),
  }
}
