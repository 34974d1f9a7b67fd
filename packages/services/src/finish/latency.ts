import type { Latency, TurnLatency } from '@phonevoice/contracts'

/** One exchange, milliseconds since the answer; null where it never came to that. */
export interface TurnTimes {
  turn: number | null
  speechEndedMs: number | null
  speechCommittedMs: number | null
  wordsKnownMs: number | null
  decidedMs: number | null
  llmFirstTokenMs: number | null
  firstClauseMs: number | null
  firstAudioMs: number | null
  firstAudioSentMs: number | null
  heardUntilMs: number | null
  interrupted: boolean
}

/** Answers told one by one; an event is not the place for a whole day's. */
const TOLD_TURNS_MAX = 200

/** Sums up the measured turns, which come in order; null when there was none. */
export function summariseLatency(turns: readonly TurnTimes[]): Latency | null {
  if (turns.length === 0) return null
  const between = (from: TimeOfTurn, to: TimeOfTurn) =>
    percentiles(turns.map((turn) => waitBetween(turn[from], turn[to])))
  const told = turns.flatMap(tellTurn)
  return {
    turns: turns.length,
    voice_to_voice_ms: between('speechEndedMs', 'firstAudioSentMs'),
    end_of_turn_ms: between('speechEndedMs', 'decidedMs'),
    llm_first_token_ms: between('decidedMs', 'llmFirstTokenMs'),
    tts_first_audio_ms: between('llmFirstTokenMs', 'firstAudioSentMs'),
    vendors_ms: percentiles(told.map((turn) => turn.vendors_ms)),
    platform_ms: percentiles(told.map((turn) => turn.platform_ms)),
    per_turn: told.slice(-TOLD_TURNS_MAX),
  }
}

type TimeOfTurn = 'speechEndedMs' | 'decidedMs' | 'llmFirstTokenMs' | 'firstAudioSentMs'

/** An answer to the caller; greetings and re-prompts answer nobody. */
function tellTurn(times: TurnTimes): TurnLatency[] {
  if (times.decidedMs === null) return []
  const vendorsMs = vendorsShare(times)
  const waitedMs = waitBetween(times.speechEndedMs, times.firstAudioSentMs)
  return [
    {
      turn: times.turn,
      speech_ended_ms: times.speechEndedMs,
      decided_ms: times.decidedMs,
      first_token_ms: times.llmFirstTokenMs,
      first_audio_ms: times.firstAudioMs,
      sent_ms: times.firstAudioSentMs,
      heard_ms: times.heardUntilMs,
      interrupted: times.interrupted,
      vendors_ms: vendorsMs,
      platform_ms: vendorsMs === null || waitedMs === null ? null : waitedMs - vendorsMs,
    },
  ]
}

/**
 * What of the caller's wait was a vendor's: the recogniser from the commit to its last word, the model from the decision to its first clause, the voice
 * from there to its first audio. What was done before the turn was over nobody waited for. A filler ends the wait in which it was spoken.
 */
function vendorsShare(times: TurnTimes): number | null {
  const { speechEndedMs, decidedMs, firstAudioSentMs: sentMs } = times
  if (speechEndedMs === null || decidedMs === null || sentMs === null) return null
  const inWait = (ms: number): number => Math.min(Math.max(ms, decidedMs), sentMs)
  const committedMs = Math.max(times.speechCommittedMs ?? decidedMs, speechEndedMs)
  const recogniserMs = Math.min(times.wordsKnownMs ?? committedMs, decidedMs) - committedMs
  const clauseMs = inWait(times.firstClauseMs ?? decidedMs)
  const voiceMs = inWait(times.firstAudioMs ?? sentMs) - clauseMs
  return Math.max(0, recogniserMs) + (clauseMs - decidedMs) + Math.max(0, voiceMs)
}

/** An answer that was begun early has its first token before the decision: nothing was waited for. */
function waitBetween(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : Math.max(0, toMs - fromMs)
}

/** Nearest rank: always a value that was measured. Null where nothing was. */
function percentiles(values: readonly (number | null)[]): { p50: number; p95: number } | null {
  const sorted = values.filter((value) => value !== null).sort((one, other) => one - other)
  if (sorted.length === 0) return null
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number
  return { p50: rank(0.5), p95: rank(0.95) }
}
