import { describe, expect, test } from 'vitest'
import { summariseLatency, type TurnTimes } from './latency.ts'

const unmeasured: TurnTimes = {
  turn: null,
  speechEndedMs: null,
  speechCommittedMs: null,
  wordsKnownMs: null,
  decidedMs: null,
  llmFirstTokenMs: null,
  firstClauseMs: null,
  firstAudioMs: null,
  firstAudioSentMs: null,
  heardUntilMs: null,
  interrupted: false,
}

/** One answer at the floor: 350 ms until the turn is over, 80 of them the recogniser's, then 200 to the first token, 135 to the clause, 100 to the voice. */
const answer: TurnTimes = {
  turn: 3,
  speechEndedMs: 1000,
  speechCommittedMs: 1200,
  wordsKnownMs: 1280,
  decidedMs: 1350,
  llmFirstTokenMs: 1550,
  firstClauseMs: 1685,
  firstAudioMs: 1785,
  firstAudioSentMs: 1787,
  heardUntilMs: 4000,
  interrupted: false,
}

const shares = (times: Partial<TurnTimes>) => {
  const [turn] = summariseLatency([{ ...answer, ...times }])?.per_turn ?? []
  return { vendors: turn?.vendors_ms, platform: turn?.platform_ms }
}

describe('the latency of a call', () => {
  test('is null when nothing was measured', () => {
    expect(summariseLatency([])).toBeNull()
  })

  test('takes percentiles by nearest rank', () => {
    const turns = Array.from({ length: 20 }, (_, i) => {
      const decidedMs = 100 * (i + 1)
      return {
        ...unmeasured,
        speechEndedMs: 0,
        decidedMs,
        llmFirstTokenMs: decidedMs + 50,
        firstAudioSentMs: decidedMs + 80,
      }
    })
    expect(summariseLatency(turns)).toMatchObject({
      turns: 20,
      end_of_turn_ms: { p50: 1000, p95: 1900 },
      llm_first_token_ms: { p50: 50, p95: 50 },
      tts_first_audio_ms: { p50: 30, p95: 30 },
      voice_to_voice_ms: { p50: 1080, p95: 1980 },
      vendors_ms: { p50: 80, p95: 80 },
      platform_ms: { p50: 1000, p95: 1900 },
    })
  })

  test('leaves out what a turn did not reach, and counts an answer begun early as no wait', () => {
    const turns = [
      { ...unmeasured, speechEndedMs: 0, decidedMs: 500, llmFirstTokenMs: 400 },
      { ...unmeasured, decidedMs: 10, firstAudioSentMs: 700 },
    ]
    expect(summariseLatency(turns)).toMatchObject({
      turns: 2,
      end_of_turn_ms: { p50: 500, p95: 500 },
      llm_first_token_ms: { p50: 0, p95: 0 },
      tts_first_audio_ms: null,
      voice_to_voice_ms: null,
      vendors_ms: null,
      platform_ms: null,
    })
  })
})

describe('the share of vendors and platform', () => {
  test('is what each kept the caller waiting', () => {
    expect(shares({})).toEqual({ vendors: 80 + 200 + 135 + 100, platform: 200 + 70 + 2 })
  })

  test('counts nothing that was done before the turn was over', () => {
    const early = { llmFirstTokenMs: 1100, firstClauseMs: 1350, firstAudioMs: 1300, firstAudioSentMs: 1351 }
    expect(shares(early)).toEqual({ vendors: 80, platform: 271 })
  })

  test('ends with the filler that ended the wait, however long the model took', () => {
    const filled = { llmFirstTokenMs: 9000, firstClauseMs: 2850, firstAudioMs: 2950, firstAudioSentMs: 2951 }
    expect(shares(filled)).toEqual({ vendors: 80 + 1500 + 100, platform: 271 })
  })

  test('is the same however soon the answer was interrupted', () => {
    expect(shares({ heardUntilMs: 1800, interrupted: true })).toEqual(shares({}))
  })

  test('is unknown where nobody waited for words, and nothing of the answer was sent', () => {
    expect(shares({ speechEndedMs: null })).toEqual({ vendors: null, platform: null })
    expect(shares({ firstAudioSentMs: null })).toEqual({ vendors: null, platform: null })
  })

  test('adds up to the wait, whatever was measured', () => {
    const [turn] =
      summariseLatency([{ ...answer, speechCommittedMs: 500, wordsKnownMs: 9000 }])?.per_turn ?? []
    expect((turn?.vendors_ms ?? 0) + (turn?.platform_ms ?? 0)).toBe(787)
    expect(turn?.platform_ms).toBeGreaterThanOrEqual(0)
  })
})

test('greetings are no answers, and of a very long call the last are told', () => {
  const greeting = { ...unmeasured, turn: 1, firstAudioSentMs: 10, heardUntilMs: 900 }
  const answers = Array.from({ length: 250 }, (_, i) => ({ ...answer, turn: i + 2 }))
  const told = summariseLatency([greeting, ...answers])?.per_turn ?? []
  expect(told.map(({ turn }) => turn)).toEqual(answers.slice(50).map(({ turn }) => turn))
})
