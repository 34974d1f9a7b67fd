import { describe, expect, test } from 'vitest'
import { summariseLatency, type TurnTimes } from './latency.ts'

const turn = (
  speechEndedMs: number | null,
  decidedMs: number | null,
  llmFirstTokenMs: number | null,
  firstAudioSentMs: number | null,
): TurnTimes => ({
  speechEndedMs,
  decidedMs,
  llmFirstTokenMs,
  firstAudioSentMs,
})

describe('the latency of a call', () => {
  test('is null when nothing was measured', () => {
    expect(summariseLatency([])).toBeNull()
  })

  test('takes percentiles by nearest rank', () => {
    const turns = Array.from({ length: 20 }, (_, i) =>
      turn(0, 100 * (i + 1), 100 * (i + 1) + 50, 100 * (i + 1) + 80),
    )
    expect(summariseLatency(turns)).toEqual({
      turns: 20,
      end_of_turn_ms: { p50: 1000, p95: 1900 },
      llm_first_token_ms: { p50: 50, p95: 50 },
      tts_first_audio_ms: { p50: 30, p95: 30 },
      voice_to_voice_ms: { p50: 1080, p95: 1980 },
    })
  })

  test('leaves out what a turn did not reach, and counts an answer begun early as no wait', () => {
    expect(summariseLatency([turn(0, 500, 400, null), turn(null, 10, null, 700)])).toEqual({
      turns: 2,
      end_of_turn_ms: { p50: 500, p95: 500 },
      llm_first_token_ms: { p50: 0, p95: 0 },
      tts_first_audio_ms: null,
      voice_to_voice_ms: null,
    })
  })
})
