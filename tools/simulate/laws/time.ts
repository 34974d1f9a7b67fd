import { type ConversationSettings, estimateSpeechMs } from '@phonevoice/conversation'
import { expectLaw, type StepFacts } from './laws.ts'

/** A pause that waits for a decision lasts no longer; on top comes how late timers fire. */
const pauseMsMax = 1200
/** The longest that a single wait of the machine lasts: speech that never ends, a model that never speaks. */
const owedMsMax = 30_000
/** What an end may take on top of the words it speaks: unheard marks, the caller's last words. */
const endingMsMax = 30_000
/** Timers of simulated calls fire at most this late. */
export const latenessMsMax = 50

/** Nothing lasts for ever: pauses, waits, silence, calls. */
export function createTimeLaws(settings: ConversationSettings): (facts: StepFacts) => void {
  let startedMs: number | null = null
  let pausedMs: number | null = null
  let outstandingMs = 0
  return ({ before, event, after, effects, nowMs }) => {
    const { call, agent } = after
    if (before.call.name === 'closed') return
    if (event.type === 'call-started') startedMs ??= nowMs

    const isPaused = agent.name === 'yielding'
    if (pausedMs !== null) {
      expectLaw(
        nowMs - pausedMs <= pauseMsMax + 2 * latenessMsMax,
        'a pause of the agent ends within 1.2 s',
        { pausedMs, nowMs },
      )
    }
    if (!isPaused) pausedMs = null
    else if (before.agent.name !== 'yielding' || effects.some(({ type }) => type === 'playback-clear'))
      pausedMs = nowMs

    outstandingMs = (agent.response?.clauses ?? []).reduce(
      (sumMs, clause) => sumMs + (clause.isPlayed ? 0 : estimateSpeechMs(clause.spoken)),
      0,
    )
    if (call.name === 'live' || call.name === 'closing') {
      const dueMs = Object.entries(after.timers)
        .filter(([timer]) => timer !== 'max-duration')
        .map(([, due]) => due)
      const owedMs = Math.max(owedMsMax, settings.silence.timeoutMs) + 2 * outstandingMs + 10_000
      const isOrdered = call.isSilenced && agent.name === 'idle' && call.name === 'live'
      expectLaw(
        isOrdered ? after.timers['max-duration'] !== undefined : Math.min(...dueMs) <= nowMs + owedMs,
        'somebody always owes a next thing',
        { timers: after.timers, nowMs },
      )
    } else {
      expectLaw(Object.keys(after.timers).length === 0, 'a call that is not live waits for nothing')
    }

    if (startedMs !== null && call.name !== 'closed') {
      const latestMs = startedMs + settings.maxDurationMs + endingMsMax + 3 * outstandingMs
      expectLaw(nowMs <= latestMs, 'a call ends within its longest duration and a bound', { nowMs, latestMs })
    }
  }
}
