import type { ConversationEvent, ConversationState, TimerName } from '@phonevoice/conversation'
import { createConversation, step } from '@phonevoice/conversation'
import type { Course, Memory, OutsideEvent, TraceEntry } from './course.ts'
import { createLaws, type StepFacts, Violation } from './laws/laws.ts'

/** One call being simulated. Throws a `Violation` when a step has broken a law. */
export interface Play {
  readonly nowMs: number
  readonly state: ConversationState
  readonly steps: number
  readonly isOver: boolean
  /** Every event so far with the timers among them, for telling. */
  readonly told: readonly TraceEntry[]
  /** Fires what is due until then. */
  passUntil(atMs: number): void
  happen(event: OutsideEvent): void
  /** Nothing more comes from outside but, perhaps, the caller hanging up: the timers alone must end the call. */
  finish(ending: Course['ending']): void
}

/** Beside the timers of a single turn, a call left alone re-prompts a few times and says goodbye; more than this many timers is a circle. */
const lastTimersMax = 80
/** Timers that fire without time going on. */
const timersInARowMax = 30

export function play(
  course: Pick<Course, 'settings' | 'timerLatenessMs'>,
  onStep: (facts: StepFacts) => void = () => {},
): Play {
  const { timerLatenessMs } = course
  let settings = course.settings
  let state = createConversation(settings)
  let laws = createLaws(settings)
  let memory: Memory = { history: [], turns: 0 }
  /** When the stream now live began: the machine's clock counts from there. */
  let streamFromMs = 0
  let nowMs = 0
  let steps = 0
  const told: TraceEntry[] = []

  function feed(event: ConversationEvent): void {
    told.push({ atMs: nowMs, event })
    steps += 1
    const before = state
    const atMs = nowMs - streamFromMs
    let result: ReturnType<typeof step>
    try {
      result = step(before, event, atMs)
    } catch (error) {
      throw new Violation(`the machine threw: ${error instanceof Error ? error.message : String(error)}`)
    }
    state = result.state
    for (const effect of result.effects) {
      if (effect.type !== 'utterance-finish') continue
      const { role, text, turn } = effect.utterance
      memory = { history: [...memory.history, { role, text }], turns: turn }
    }
    const facts = { before, event, after: state, effects: result.effects, nowMs: atMs }
    laws.check(facts)
    onStep(facts)
  }

  function earliestTimer(): { timer: TimerName; atMs: number } | null {
    let earliest: { timer: TimerName; atMs: number } | null = null
    for (const [timer, dueMs] of Object.entries(state.timers) as [TimerName, number][]) {
      const atMs = dueMs + streamFromMs + timerLatenessMs
      if (earliest === null || atMs < earliest.atMs) earliest = { timer, atMs }
    }
    return earliest
  }

  function passUntil(atMs: number): void {
    let inARow = 0
    for (let next = earliestTimer(); next !== null && next.atMs <= atMs; next = earliestTimer()) {
      if (next.atMs > nowMs) inARow = 0
      if (++inARow > timersInARowMax) throw new Violation('timers do not set each other off for ever')
      nowMs = Math.max(nowMs, next.atMs)
      feed({ type: 'timer-fired', timer: next.timer })
    }
    nowMs = Math.max(nowMs, atMs)
  }

  /** Another process takes the call over with what was written down, and with what is left of its longest duration. */
  function takeOver(): void {
    if (state.call.name === 'connecting' || state.call.name === 'closed') return
    told.push({ atMs: nowMs, event: { type: 'process-killed' } })
    const { isSilenced } = state.call
    const { disclosure } = settings
    const isDisclosed = memory.history.some(
      ({ role, text }) => disclosure !== null && role === 'assistant' && text.startsWith(disclosure),
    )
    settings = { ...settings, maxDurationMs: Math.max(1000, settings.maxDurationMs - (nowMs - streamFromMs)) }
    streamFromMs = nowMs
    state = createConversation(settings)
    laws = createLaws(settings)
    feed({ type: 'call-started', ...memory, resumed: true, isSilenced, isDisclosed })
  }

  return {
    get nowMs() {
      return nowMs
    },
    get state() {
      return state
    },
    get steps() {
      return steps
    },
    get isOver() {
      return state.call.name === 'closed'
    },
    told,
    passUntil,
    happen(event) {
      if (event.type === 'process-killed') takeOver()
      else feed(event.type === 'speech-started' || event.type === 'speech-stopped' ? ownTime(event) : event)
    },
    finish(ending) {
      if (ending === 'hung-up') feed({ type: 'carrier-stopped' })
      for (let count = 0; state.call.name !== 'closed'; count++) {
        const next = earliestTimer()
        if (next === null || count >= lastTimersMax)
          throw new Violation('left alone, every call ends by its timers')
        passUntil(next.atMs)
      }
    },
  }

  /** Voice activity is told on the stream's own clock. */
  function ownTime<E extends { atMs: number }>(event: E): E {
    return { ...event, atMs: event.atMs - streamFromMs }
  }
}

/** Plays a whole course. Null: every law was kept. */
export function replay(course: Course): { violation: Violation; told: readonly TraceEntry[] } | null {
  const run = play(course)
  try {
    for (const { atMs, event } of course.trace) {
      run.passUntil(atMs)
      run.happen(event)
    }
    run.finish(course.ending)
    return null
  } catch (error) {
    if (error instanceof Violation) return { violation: error, told: run.told }
    throw error
  }
}

/** Whether a course breaks this law, before any other. */
export function breaksLaw(law: string): (course: Course) => boolean {
  return (course) => replay(course)?.violation.message === law
}
