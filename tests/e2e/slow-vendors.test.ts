import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterEach(() => system?.providers('DELETE', '/faults'))
afterAll(() => system?.stop())

const question = 'What are your opening hours?'
let phones = 130

interface Said {
  turn: number
  role: string
  text: string
  start_ms: number
  end_ms: number
}

/** One call in which the caller asks one question; `before` runs when the greeting has begun, so that faults strike the answer. */
async function ask(overrides: Record<string, unknown>, faults: Record<string, unknown>[]) {
  const number = `+12025550${++phones}`
  await system.givePhone(number, {
    steps: [
      { do: 'listen', timeout_ms: 6000 },
      { do: 'say', text: question },
      { do: 'listen', timeout_ms: 12_000, silence_ms: 1200 },
      { do: 'hang-up' },
    ],
  })
  const placed = await system.call({
    phone_number: number,
    assistant_overrides: {
      analysis: { enabled: false },
      turn_taking: { early_thinking: { enabled: false } },
      ...overrides,
    },
  })
  await placed.box.waitFor('transcription', 20_000)
  for (const fault of faults)
    expect((await system.providers('POST', '/faults', fault)).status).toBeLessThan(300)
  const { call, webhooks } = await placed.completed()
  const said: Said[] = webhooks
    .filter((webhook) => webhook.json.event === 'transcription')
    .map((webhook) => webhook.json.data)
  const asked = said.findIndex(({ role, text }) => role === 'user' && text === question)
  const answer = said[asked + 1]
  return { call, said, answer, waitMs: (answer?.start_ms ?? 1e9) - (said[asked]?.end_ms ?? 0) }
}

const openai = { provider: 'openai', url: null, headers: {}, temperature: null, timeout_ms: 5000 }
const twoModels = {
  llm: { model: 'first-model', filler_after_ms: null, fallback: { ...openai, model: 'second-model' } },
}
const spoken = { provider: 'openai-compatible', speed: 1 }
const twoVoices = {
  voice: {
    voice_id: 'first-voice',
    fallback: { ...spoken, model: 'kokoro', voice_id: 'second-voice' },
  },
}
const twoRecognisers = {
  transcriber: {
    fallback: { provider: 'openai', model: 'gpt-live-transcribe', language: null, keywords: [] },
  },
}

describe('a language model that does not answer', () => {
  it.each([
    ['silent', { kind: 'slow', delay_ms: 60_000 }, 1500],
    ['down', { kind: 'status', status: 503, times: 4 }, 0],
    ['dying before a word', { kind: 'cut', after: 0, times: 4 }, 0],
  ])('%s: the fallback speaks within 2.5 s', async (_, fault, vendorsMsMin) => {
    const { answer, waitMs, call } = await ask(twoModels, [
      { target: 'chat', contains: 'first-model', ...fault },
    ])
    console.info(`fallback of the language model: ${waitMs} ms`)
    expect(answer?.role).toBe('assistant')
    expect(waitMs).toBeLessThanOrEqual(2500)
    // The wait for the one that failed is the vendors', too.
    const turn = call.latency.per_turn.find((told: { turn: number | null }) => told.turn === answer?.turn)
    expect(turn.vendors_ms).toBeGreaterThanOrEqual(vendorsMsMin)
    expect(turn.vendors_ms + turn.platform_ms).toBe(turn.sent_ms - turn.speech_ended_ms)
    expect(call.ended_reason).toBe('caller_hung_up')
  })

  it('is covered by a word of ours when it is only slow', async () => {
    const { answer, waitMs } = await ask({ llm: { filler_after_ms: 600 } }, [
      { target: 'chat', kind: 'slow', delay_ms: 1600 },
    ])
    expect(answer?.text).toMatch(/^(One moment, please\.|Let me see\.|Just a second\.) \S/)
    expect(waitMs).toBeLessThanOrEqual(1300)
  })

  it('is apologised for when nobody is left, and the call ends', async () => {
    const { call, said } = await ask({}, [{ target: 'chat', kind: 'status', status: 500, times: null }])
    expect(call.ended_reason).toBe('llm_failed')
    expect(said.at(-1)?.text).toMatch(/sorry/i)
  })

  it('and garbage in its stream harms nothing', async () => {
    const { call, answer } = await ask({}, [{ target: 'chat', kind: 'malformed-chunk', after: 1 }])
    expect(answer?.role).toBe('assistant')
    expect(call.ended_reason).toBe('caller_hung_up')
  })
})

describe('a voice that fails', () => {
  it.each([
    ['silent', { kind: 'slow', delay_ms: 60_000 }],
    ['down', { kind: 'status', status: 503, times: 2 }],
    ['breaking off', { kind: 'cut', after: 3 }],
  ])('%s: the fallback speaks within 1 s', async (kind, fault) => {
    const text = `Our doors open at nine, after a voice that is ${kind}.`
    const { answer, waitMs, call } = await ask({ ...twoVoices, instructions: `Say exactly: ${text}` }, [
      { target: 'speech', ...fault, contains: kind },
    ])
    console.info(`fallback of the voice: ${waitMs} ms`)
    expect(answer).toMatchObject({ role: 'assistant', text })
    // About 500 ms of it are the usual wait.
    expect(waitMs).toBeLessThanOrEqual(1500)
    expect(call.ended_reason).toBe('caller_hung_up')
  })
})

describe('a recogniser that fails', () => {
  it.each([
    ['silent', { kind: 'stall', after: 2 }],
    ['cut off', { kind: 'cut', after: 2 }],
  ])('%s: the fallback hears the whole sentence within 1.5 s', async (_, fault) => {
    const { said, waitMs, call } = await ask(twoRecognisers, [{ target: 'transcription', ...fault }])
    console.info(`fallback of the recogniser: ${waitMs} ms`)
    expect(said.map(({ text }) => text)).toContain(question)
    expect(waitMs).toBeLessThanOrEqual(2000)
    expect(call.ended_reason).toBe('caller_hung_up')
  })
})
