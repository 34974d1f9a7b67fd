import type { Latency } from '@phonevoice/contracts'

/** One exchange, milliseconds on the call's clock; null where it never came to that. */
export interface TurnTimes {
  speechEndedMs: number | null
  decidedMs: number | null
  llmFirstTokenMs: number | null
  firstAudioSentMs: number | null
}

/** Sums up the measured turns; null when there was none. */
export function summariseLatency(turns: readonly TurnTimes[]): Latency | null {
  if (turns.length === 0) return null
  const between = (from: keyof TurnTimes, to: keyof TurnTimes) =>
    percentiles(
      turns.flatMap((turn) => {
        const start = turn[from]
        const end = turn[to]
        // An answer that was begun early has its first token before the decision: nothing was waited for.
        return start === null || end === null ? [] : [Math.max(0, end - start)]
      }),
    )
  return {
    turns: turns.length,
    voice_to_voice_ms: between('speechEndedMs', 'firstAudioSentMs'),
    end_of_turn_ms: between('speechEndedMs', 'decidedMs'),
    llm_first_token_ms: between('decidedMs', 'llmFirstTokenMs'),
    tts_first_audio_ms: between('llmFirstTokenMs', 'firstAudioSentMs'),
  }
}

/** Nearest rank: always a value that was measured. */
function percentiles(values: number[]): { p50: number; p95: number } | null {
  if (values.length === 0) return null
  const sorted = values.sort((one, other) => one - other)
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number
  return { p50: rank(0.5), p95: rank(0.95) }
}
