/** Each recogniser with each voice holds a whole conversation; what was said and heard is compared word for word. */
import { TRANSCRIBER_DEFAULTS, VOICE_DEFAULTS } from '@phonevoice/contracts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

/** Where each vendor is asked, so that nobody stands in for another. */
const LISTENING_PATHS = { openai: '/v1/realtime', deepgram: '/v1/listen', 'deepgram-flux': '/v2/listen' }
const SPEAKING_PATHS = {
  'openai-compatible': '/v1/audio/speech',
  openai: '/v1/realtime',
  deepgram: '/v1/speak',
  elevenlabs: `/v1/text-to-speech/${VOICE_DEFAULTS.elevenlabs.voice_id}/stream`,
}
const TRANSCRIBERS = Object.keys(TRANSCRIBER_DEFAULTS) as (keyof typeof TRANSCRIBER_DEFAULTS)[]
const VOICES = Object.keys(VOICE_DEFAULTS) as (keyof typeof VOICE_DEFAULTS)[]

async function pathsAsked(target: 'speech' | 'transcription'): Promise<Set<string>> {
  const { body } = await system.providers('GET', `/requests?target=${target}`)
  return new Set(body.requests.map((request: { path: string }) => request.path))
}

describe('a conversation', () => {
  it.each(TRANSCRIBERS)('is held with %s listening and every voice speaking', async (transcriber) => {
    await system.providers('DELETE', '/requests')
    const calls = await Promise.all(
      VOICES.map(async (voice) => {
        const assistant = await system.createAssistant({
          instructions: 'You are the front desk of a dental practice. Book an appointment.',
          transcriber: { provider: transcriber },
          // A pace of its own: what a voice has said in another call is not said again, it comes from the cache.
          voice: { provider: voice, speed: 1 + TRANSCRIBERS.indexOf(transcriber) / 20 },
        })
        return { voice, placed: await system.call({ phone_number: '+12025550100', assistant_id: assistant }) }
      }),
    )
    for (const { voice, placed } of calls) {
      const { call, webhooks, phone } = await placed.completed()
      const said = webhooks
        .filter(({ json }) => json.event === 'transcription')
        .map(({ json }) => json.data as { role: string; text: string })
      const wordsOf = (role: string) =>
        said
          .filter((turn) => turn.role === role)
          .map(({ text }) => text)
          .join(' ')
      expect(wordsOf('user'), `${voice}: what the caller said`).toBe(phone.phone.said.text)
      expect(wordsOf('assistant'), `${voice}: what the caller heard`).toBe(phone.phone.heard.text)
      expect(phone.phone.heard.damaged_at_ms).toEqual([])
      expect(said.length).toBeGreaterThan(3)
      expect(call).toMatchObject({ status: 'completed', outcome: { category: 'completed', fault: 'none' } })

      const lines: { component: string; provider: string; amount: number; source: string }[] =
        call.cost_breakdown
      const priced = (component: string) => lines.filter((line) => line.component === component)
      expect(priced('stt').map(({ provider }) => provider)).toEqual([transcriber])
      expect(new Set(priced('tts').map(({ provider }) => provider))).toEqual(new Set([voice]))
      for (const { amount } of [...priced('stt'), ...priced('tts')]) expect(amount).toBeGreaterThan(0)
    }
    expect(await pathsAsked('transcription')).toEqual(new Set([LISTENING_PATHS[transcriber]]))
    expect(await pathsAsked('speech')).toEqual(new Set(Object.values(SPEAKING_PATHS)))
  })

  it('is interrupted in whichever voice speaks, and goes on', async () => {
    const calls = await Promise.all(
      VOICES.map(async (voice) => {
        const assistant = await system.createAssistant({
          transcriber: { provider: 'deepgram-flux' },
          voice: { provider: voice, speed: 1.15 },
        })
        return { voice, placed: await system.call({ phone_number: '+12025550105', assistant_id: assistant }) }
      }),
    )
    for (const { voice, placed } of calls) {
      const { webhooks, phone } = await placed.completed()
      const said = webhooks.map(({ json }) => json.data)
      const cut = said.findIndex(({ interrupted }) => interrupted)
      expect(said[cut], voice).toMatchObject({ role: 'assistant' })
      expect(said[cut].text_planned.length).toBeGreaterThan(said[cut].text.length)
      expect(phone.phone.interruptions[0].latency_ms, voice).toBeLessThan(1000)
      // Late audio of the answer that was cut would be heard in this one.
      const next = said.slice(cut + 1).find(({ role }) => role === 'assistant')
      expect(phone.phone.heard.text, voice).toContain(next.text)
    }
  })

  it('goes on with another vendor when the first refuses', async () => {
    const { status } = await system.providers('POST', '/faults', {
      target: 'transcription',
      kind: 'status',
      status: 401,
    })
    expect(status).toBeLessThan(300)
    const assistant = await system.createAssistant({
      instructions: 'Echo the caller',
      transcriber: {
        provider: 'deepgram-flux',
        fallback: { provider: 'deepgram', model: 'nova-3', language: null, keywords: [] },
      },
    })
    const placed = await system.call({ phone_number: '+12025550100', assistant_id: assistant })
    const { call, webhooks, phone } = await placed.completed()
    const heard = webhooks
      .filter(({ json }) => json.event === 'transcription' && json.data.role === 'user')
      .map(({ json }) => json.data.text)
    expect(heard.join(' ')).toBe(phone.phone.said.text)
    const listeners = call.cost_breakdown.filter((line: { component: string }) => line.component === 'stt')
    expect(listeners.map((line: { provider: string }) => line.provider)).toEqual(['deepgram'])
  })
})
