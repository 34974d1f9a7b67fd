import type { ConversationEvent, TimerName } from '@phonevoice/conversation'
import type { Random } from '../random.ts'
import type { OutsideEvent } from './course.ts'
import type { Play } from './play.ts'
import { answers, callerText } from './said.ts'

const timers: readonly TimerName[] = [
  ...([
    'end-of-turn',
    'early-thinking',
    'barge-in',
    'pause',
    'silence',
    'keypad',
    'filler',
    'transcript',
  ] as const),
  ...(['goodbye', 'max-duration', 'stalled'] as const),
]

/** An event that nothing has caused: late, early, doubled or made up, about answers and spans that are over, under way or have never been. */
export function strayEvent(random: Random, { state, nowMs }: Play): ConversationEvent {
  const responseId = `r${Math.max(0, state.agent.responses + 1 - random.below(4))}`
  const itemId = `i${Math.max(0, state.caller.items + 1 - random.below(4))}`
  const clauseId = random.below(4)
  const text = random.pick(answers)
  switch (random.below(17)) {
    case 0:
      return { type: 'speech-started', atMs: nowMs - random.below(500) }
    case 1:
      return { type: 'speech-stopped', atMs: nowMs - random.below(500) }
    case 2:
      return { type: 'transcript-partial', itemId, text: 'and then' }
    case 3:
      // Sentences that can be followed come from the caller only.
      return { type: 'transcript-final', itemId, text: random.pick(['', 'uh huh', 'Yes.', 'and then']) }
    case 4:
      return { type: 'transcript-failed', itemId }
    case 5:
      return { type: 'turn-signal', signal: random.pick(['started', 'eager-end', 'resumed', 'end', null]) }
    case 6:
      return { type: 'llm-delta', responseId, text }
    case 7:
      return { type: 'llm-finished', responseId }
    case 8:
      return { type: 'llm-broken-off', responseId }
    case 9:
      return { type: 'clause-started', responseId, clauseId }
    case 10:
      return { type: 'clause-played', responseId, clauseId }
    case 11: {
      const clauses = [{ clauseId, heardMs: random.below(2000), durationMs: random.pick([null, 1500]) }]
      return { type: 'playback-cleared', responseId, clauses }
    }
    case 12:
      return { type: 'tool-finished', callId: `t${random.below(9)}`, output: text }
    case 13:
      return { type: 'key-pressed', digit: random.pick(['1', '9', '#', '*']) }
    case 14:
      return { type: 'call-started', history: [], resumed: random.pick([true, false]) }
    case 15: {
      const armed = Object.keys(state.timers).filter((timer) => timer !== 'max-duration') as TimerName[]
      return { type: 'timer-fired', timer: random.pick(armed.length > 0 ? armed : timers) }
    }
    default:
      return { type: 'timer-fired', timer: random.pick(timers) }
  }
}

/** Somebody takes a hand in the call, or something of ours fails for good. */
export function randomCommand(random: Random, { state }: Play): OutsideEvent {
  const text = random.pick(answers)
  switch (random.below(26)) {
    case 0:
      return { type: 'carrier-stopped' }
    case 1:
      return { type: 'end-requested', reason: 'api_ended', message: random.pick([null, '', text]) }
    case 2:
      return { type: 'end-requested', reason: 'max_cost', message: null }
    case 3:
      return { type: 'stt-failed' }
    case 4:
      return { type: 'llm-failed', responseId: `r${state.agent.responses}` }
    case 5:
      return { type: 'tts-failed', responseId: `r${state.agent.responses}`, clauseId: 0 }
    case 6:
    case 7:
      return { type: 'process-killed' }
    case 8:
    case 9:
    case 10:
      return { type: 'say-requested', text, isUrgent: random.pick([true, false]) }
    case 11:
    case 12:
      return { type: 'keys-requested', digits: random.pick(['1', '12#', ',,9']) }
    case 13:
    case 14:
    case 15:
      return { type: 'context-added', text: random.pick(['They are a member.', callerText(random, 0), '']) }
    case 16:
    case 17:
      return { type: 'silence-requested', isSilenced: random.pick([true, false]) }
    default:
      return { type: 'key-pressed', digit: random.pick(['1', '2', '3', '#', '*']) }
  }
}
