import { afterEach, expect, test } from 'vitest'
import type { TtsRequest } from '../contract/index.ts'
import { json, type LoopbackServer, pieces, startHttpServer } from '../testing/http-server.ts'
import { createElevenLabsTts } from './tts.ts'

let server: LoopbackServer
afterEach(() => server.close())

async function speak(overrides: Partial<TtsRequest> = {}, model = 'eleven_flash_v2_5') {
  const provider = createElevenLabsTts({
    apiKey: 'el-key',
    baseUrl: server.origin,
    model,
    voiceId: 'a voice/1',
  })
  const chunks: Uint8Array[] = []
  const request = { text: 'Bonjour.', speed: 1, language: 'fr-FR', firstAudioTimeoutMs: 3000 }
  for await (const chunk of provider.synthesize({
    ...request,
    signal: new AbortController().signal,
    ...overrides,
  }))
    chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('asks for the carrier’s μ-law, and hands it on byte for byte', async () => {
  const audio = Buffer.from([1, 2, 3, 0xff, 0x7f])
  server = await startHttpServer(pieces('audio/basic', [audio.subarray(0, 2), audio.subarray(2)]))
  expect(await speak({ speed: 1.5 })).toEqual(audio)
  const [request] = server.requests
  expect(request?.headers['xi-api-key']).toBe('el-key')
  expect(request?.url).toBe('/v1/text-to-speech/a%20voice%2F1/stream?output_format=ulaw_8000')
  expect(JSON.parse(request?.body ?? '')).toEqual({
    text: 'Bonjour.',
    model_id: 'eleven_flash_v2_5',
    language_code: 'fr',
    voice_settings: { speed: 1.2 },
  })
})

test('does not tell the language to models that refuse to be told', async () => {
  server = await startHttpServer(pieces('audio/basic', ['x']))
  await speak({}, 'eleven_multilingual_v2')
  expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
    text: 'Bonjour.',
    model_id: 'eleven_multilingual_v2',
  })
})

test.each([
  [401, { detail: { status: 'invalid_api_key', message: 'Invalid API key' } }, 'authentication'],
  // The vendor answers 401 for an empty account, too.
  [401, { detail: { status: 'quota_exceeded', message: 'No credits.' } }, 'quota'],
  [404, { detail: { status: 'voice_not_found', message: 'No such voice.' } }, 'not-found'],
  [422, { detail: [{ loc: ['body', 'text'], msg: 'field required', type: 'missing' }] }, 'invalid-request'],
])('tells why it was refused with %i', async (status, body, category) => {
  server = await startHttpServer(json(status, body))
  await expect(speak()).rejects.toMatchObject({ category, status })
  expect(server.requests).toHaveLength(1)
})

test('tries a busy vendor once more', async () => {
  const busy = json(429, { detail: { status: 'system_busy', message: 'Busy.' } })
  server = await startHttpServer(busy, pieces('audio/basic', ['x']))
  expect(await speak()).toHaveLength(1)
})
