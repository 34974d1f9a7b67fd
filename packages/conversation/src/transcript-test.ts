/**
 * Test-only: conversations as transcripts. A script has one line per event; to the right of `->` stands everything that must happen, in order:
 *
 *     at 900 speech-started -> caller speaking | timer-set barge-in 250
 *
 * `runTranscript` plays the left sides and writes the right sides anew, so a failing test shows the story that was told beside the one expected.
 * A line that begins with `|` or `->` continues the one before. Timers do not fire by themselves, but a script that lets one pass is refused: what
 * must happen in between cannot be forgotten. The watchdog timers `stalled` and `max-duration` are left out unless asked for.
 */
import type { ConversationState } from './state.ts'
import { createConversation } from './state.ts'
import { step } from './step.ts'
import type {
  ConversationEffect,
  ConversationEvent,
  ConversationSettings,
  EndReason,
  HistoryMessage,
  TimerName,
  TurnSignal,
} from './types.ts'

export const testSettings: ConversationSettings = {
  language: 'en-US',
  disclosure: null,
  firstMessage: null,
  endOfTurn: { minMs: 200, maxMs: 1500, isAdaptive: true },
  earlyThinking: false,
  fillerAfterMs: null,
  interruption: {
    enabled: true,
    firstMessage: true,
    minSpeechMs: 250,
    minWords: 0,
    ignorePhrases: [],
    stopPhrases: [],
  },
  silence: { reprompt: 'Are you still there?', timeoutMs: 10_000, maxReprompts: 2 },
  endCall: { phrases: ['goodbye'], message: 'Goodbye!' },
  keypad: { maxDigits: 8, terminator: '#', timeoutMs: 3000 },
  tools: [
    { name: 'order', kind: 'http', isSafeToCancel: false },
    { name: 'look', kind: 'http', isSafeToCancel: true, filler: 'Let me look.' },
    { name: 'end_call', kind: 'end_call', isSafeToCancel: false },
    { name: 'press_keys', kind: 'press_keys', isSafeToCancel: false },
  ],
  maxDurationMs: 600_000,
  apology: 'Sorry.',
}

export interface TranscriptOptions {
  settings?: Partial<ConversationSettings>
  history?: readonly HistoryMessage[]
  /** Timers otherwise left out that this script wants to see. */
  shownTimers?: readonly TimerName[]
}

export interface Transcript {
  /** What was expected, and what happened: equal in a passing test. */
  expected: string
  actual: string
  state: ConversationState
}

const watchdogs: readonly TimerName[] = ['stalled', 'max-duration']

export function runTranscript(script: string, options: TranscriptOptions = {}): Transcript {
  const settings = { ...testSettings, ...options.settings }
  const hidden = watchdogs.filter((timer) => !options.shownTimers?.includes(timer))
  const lines = linesOf(script)
  let state = createConversation(settings)
  let previousMs = 0
  const told = lines.map((line) => {
    const cause = line.split(' -> ')[0]!
    const [, time, words] = /^at (\d+) (.+)$/.exec(cause) ?? []
    if (time === undefined || words === undefined) throw new Error(`not a transcript line: ${line}`)
    const nowMs = Number(time)
    const event = parseEvent(words, nowMs, options.history ?? [])
    refuseMissedTimer(state, event, { previousMs, nowMs }, hidden)
    previousMs = nowMs
    const before = state
    const result = step(deepFreeze(state), event, nowMs)
    state = result.state
    const happened = [
      ...changes(before, state),
      ...result.effects.map((effect) => tellEffect(effect, hidden)).filter((x) => x !== null),
    ]
    return happened.length === 0 ? `${cause} -> nothing` : `${cause} -> ${happened.join(' | ')}`
  })
  return { expected: lines.join('\n'), actual: told.join('\n'), state }
}

function linesOf(script: string): string[] {
  const lines: string[] = []
  for (const raw of script.split('\n')) {
    const line = raw.trim().replace(/\s+/g, ' ')
    if (line === '' || line.startsWith('//')) continue
    if (line.startsWith('|') || line.startsWith('->')) lines.push(`${lines.pop() ?? ''} ${line}`)
    else lines.push(line)
  }
  return lines
}

function refuseMissedTimer(
  state: ConversationState,
  event: ConversationEvent,
  time: { previousMs: number; nowMs: number },
  hidden: readonly TimerName[],
): void {
  for (const [timer, armedFor] of Object.entries(state.timers)) {
    // A timer may be armed for a time already past; it then fires at once.
    const dueMs = Math.max(armedFor, time.previousMs)
    const isThis = event.type === 'timer-fired' && event.timer === timer
    if (isThis && dueMs !== time.nowMs)
      throw new Error(`timer ${timer} fires at ${time.nowMs} but is due at ${dueMs}`)
    if (!isThis && dueMs < time.nowMs && !hidden.includes(timer as TimerName)) {
      throw new Error(`timer ${timer} was due at ${dueMs}, before ${time.nowMs}`)
    }
  }
}

/** Reads the left side of a line. Words in quotes are texts; `from 850` gives speech a time of its own. */
function parseEvent(line: string, nowMs: number, history: readonly HistoryMessage[]): ConversationEvent {
  const text = /"(.*)"/.exec(line)?.[1]?.replaceAll('\\n', '\n') ?? null
  const [type = '', first = '', ...more] = line.replace(/".*"/, '').trim().split(/\s+/)
  const atMs = first === 'from' ? Number(more[0]) : nowMs
  const [responseId = '', clause = '0'] = first.split('.')
  const clauseId = Number(clause)
  switch (type) {
    case 'call-started':
      return {
        type,
        history,
        resumed: first === 'resumed',
        isSilenced: more.includes('silenced'),
        isDisclosed: more.includes('disclosed'),
      }
    case 'speech-started':
    case 'speech-stopped':
      return { type, atMs }
    case 'transcript-partial':
    case 'transcript-final':
      return { type, itemId: first, text: text ?? '' }
    case 'transcript-failed':
      return { type, itemId: first }
    case 'turn-signal':
      return { type, signal: first === 'none' ? null : (first as TurnSignal) }
    case 'key-pressed':
      return { type, digit: first }
    case 'llm-delta':
      return { type, responseId, text: text ?? '' }
    case 'llm-tools': {
      const calls = more.map((word) => {
        const [id = '', name = '', digits] = word.split(':')
        return { id, name, arguments: digits === undefined ? '{}' : JSON.stringify({ digits }) }
      })
      return { type, responseId, calls }
    }
    case 'tool-finished':
      return { type, callId: first, output: text ?? '' }
    case 'llm-finished':
    case 'llm-failed':
    case 'llm-broken-off':
      return { type, responseId }
    case 'clause-voiced':
    case 'clause-started':
    case 'clause-played':
    case 'tts-failed':
      return { type, responseId, clauseId }
    case 'playback-cleared':
      return { type, responseId, clauses: more.map(parseHeard) }
    case 'timer-fired':
      return { type, timer: first as TimerName }
    case 'say-requested':
      return { type, text: text ?? '', isUrgent: first === 'urgent' }
    case 'keys-requested':
      return { type, digits: first }
    case 'context-added':
      return { type, text: text ?? '' }
    case 'silence-requested':
      return { type, isSilenced: first === 'on' }
    case 'end-requested':
      return { type, reason: first as EndReason, message: text }
    case 'stt-failed':
    case 'carrier-stopped':
      return { type }
    default:
      throw new Error(`not an event: ${line}`)
  }
}

/** `1:800/1500`: 800 ms of 1500 ms of clause 1 were heard; `1:800/?` while its length is not known. */
function parseHeard(words: string) {
  const [clauseId, heard = ''] = words.split(':')
  const [heardMs, durationMs] = heard.split('/')
  return {
    clauseId: Number(clauseId),
    heardMs: Number(heardMs),
    durationMs: durationMs === '?' ? null : Number(durationMs),
  }
}

function changes(before: ConversationState, after: ConversationState): string[] {
  return (['call', 'caller', 'agent'] as const)
    .filter((machine) => before[machine].name !== after[machine].name)
    .map((machine) => `${machine} ${after[machine].name}`)
}

function tellEffect(effect: ConversationEffect, hidden: readonly TimerName[]): string | null {
  switch (effect.type) {
    case 'stt-commit':
      return `stt-commit ${effect.itemId}`
    case 'llm-start': {
      const messages = effect.messages.map(({ role, text, toolCalls }) =>
        toolCalls
          ? `calls ${toolCalls.map(({ id }) => id).join(' ')}${text === '' ? '' : ` "${text}"`}`
          : `${role}: ${text}`,
      )
      return `llm-start ${effect.responseId}${effect.isEarly ? ' early' : ''}${effect.areToolsOff ? ' toolless' : ''} [${messages.join(' / ')}]`
    }
    case 'llm-cancel':
    case 'llm-adopt':
    case 'clause-forget':
    case 'clauses-end':
    case 'playback-clear':
      return `${effect.type} ${effect.responseId}`
    case 'tool-run':
      return `tool-run ${effect.call.id} ${effect.call.name}`
    case 'tool-cancel':
      return `tool-cancel ${effect.callId}`
    case 'keys-play':
      return `keys-play ${effect.responseId}.${effect.clauseId} ${effect.digits}`
    case 'clause-prepare':
      return `clause-prepare ${effect.responseId}.${effect.clauseId} "${effect.text}"`
    case 'clause-speak': {
      const from = effect.fromMs > 0 ? ` from ${effect.fromMs}` : ''
      return `clause-speak ${effect.responseId}.${effect.clauseId} "${effect.text}"${from}`
    }
    case 'timer-set':
      return hidden.includes(effect.timer) ? null : `timer-set ${effect.timer} ${effect.delayMs}`
    case 'timer-cancel':
      return hidden.includes(effect.timer) ? null : `timer-cancel ${effect.timer}`
    case 'utterance-finish': {
      const { role, text, textPlanned, interrupted, cutOffsetMs, startMs, endMs, turn, isKeypad } =
        effect.utterance
      const planned = textPlanned === null || textPlanned === text ? '' : ` of "${textPlanned}"`
      const marks = `${interrupted ? ' interrupted' : ''}${cutOffsetMs === null ? '' : ` after ${cutOffsetMs}`}${isKeypad ? ' keypad' : ''}`
      return `utterance-finish ${turn} ${role} "${text}"${planned}${marks} ${startMs}-${endMs}`
    }
    case 'turn-measure': {
      const m = effect.measurement
      const times = [
        m.speechEndedMs,
        m.speechCommittedMs,
        m.wordsKnownMs,
        m.decidedMs,
        m.llmFirstTokenMs,
        m.firstClauseMs,
        m.firstAudioMs,
        m.firstAudioSentMs,
        m.heardUntilMs,
      ]
      return `turn-measure ${m.responseId} ${times.map((ms) => ms ?? '-').join(' ')}${m.interrupted ? ' interrupted' : ''}`
    }
    case 'call-end':
      return `call-end ${effect.reason}`
  }
}

/** Freezes a state, so that a step that changes its input fails the test. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
