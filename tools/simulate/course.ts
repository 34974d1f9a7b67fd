import type { ConversationEvent, ConversationSettings, HistoryMessage } from '@phonevoice/conversation'
import type { Random } from '../random.ts'

/** Everything that decides how one simulated call goes: the same course always goes the same way. */
export interface Course {
  settings: ConversationSettings
  /** Timers fire this much later than they are due. */
  timerLatenessMs: number
  /** What came from outside, in order of time. Timers are not in it: whoever plays the course fires them. */
  trace: readonly TraceEntry[]
  /** What becomes of the call after the last entry: nobody does anything any more, or the caller hangs up. */
  ending: 'left-alone' | 'hung-up'
}

export interface TraceEntry {
  atMs: number
  event: OutsideEvent
}

/** `process-killed`: the media process dies, and another one goes on with what was written down. */
export type OutsideEvent = ConversationEvent | { type: 'process-killed' }

/** What the dialogue of a call consists of for the process that takes it over. */
export interface Memory {
  history: readonly HistoryMessage[]
  turns: number
}

export function randomSettings(random: Random): ConversationSettings {
  const { pick } = random
  return {
    language: pick(['en-US', 'en-US', 'fr', 'xx']),
    disclosure: pick([null, null, 'This call is recorded.']),
    firstMessage: pick([null, 'Hello! Are you well?', 'Hello. You have reached the hotel.']),
    endOfTurn: { minMs: pick([100, 200, 500]), maxMs: pick([800, 1500]), isAdaptive: pick([true, false]) },
    earlyThinking: pick([true, true, false]),
    fillerAfterMs: pick([null, 300, 1500]),
    interruption: {
      enabled: pick([true, true, true, false]),
      firstMessage: pick([true, true, false]),
      minSpeechMs: pick([120, 200, 400]),
      minWords: pick([0, 0, 1, 3]),
      ignorePhrases: pick([[], ['go on']]),
      stopPhrases: pick([[], ['no']]),
    },
    silence: {
      reprompt: pick([null, 'Are you still there?']),
      timeoutMs: pick([3000, 10_000]),
      maxReprompts: pick([0, 1, 2]),
    },
    endCall: { phrases: ['goodbye'], message: pick([null, 'Goodbye!']) },
    keypad: { maxDigits: pick([1, 4]), terminator: pick(['', '#']), timeoutMs: pick([1000, 3000]) },
    tools: [
      { name: 'order', kind: 'http', isSafeToCancel: false },
      { name: 'look', kind: 'http', isSafeToCancel: true, filler: 'Let me look.' },
      { name: 'end_call', kind: 'end_call', isSafeToCancel: false },
      { name: 'press_keys', kind: 'press_keys', isSafeToCancel: false },
    ],
    maxDurationMs: pick([20_000, 60_000, 600_000]),
    apology: pick([null, 'Sorry.']),
  }
}
