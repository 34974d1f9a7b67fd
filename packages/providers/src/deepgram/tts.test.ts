import { afterEach, expect, test } from 'vitest'
import type { TtsRequest } from '../contract/index.ts'
import { json, type LoopbackServer, pieces, startHttpServer } from '../testing/http-server.ts'
import { createDeepgramTts } from './tts.ts'

let server: LoopbackServer
afterEach(() => server.close())

async function speak(text: string, overrides: Partial<TtsRequest> = {}, voiceId = 'thalia-en') {
  const provider = createDeepgramTts({ apiKey: 'dg-key', baseUrl: server.origin, model: 'aura-2', voiceId })
  const chunks: Uint8Array[] = []
  const request = { text, speed: 1, language: 'en-US', firstAudioTimeoutMs: 3000 }
  for await (const chunk of provider.synthesize({
    ...request,
    signal: new AbortController().signal,
    ...overrides,
  }))
    chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('asks for bare μ-law of the named voice, and hands it on byte for byte', async () => {
  const audio = Buffer.from([1, 2, 3, 0xff, 0x7f])
  server = await startHttpServer(pieces('audio/mulaw', [audio.subarray(0, 2), audio.subarray(2)]))
  expect(await speak('Hello.')).toEqual(audio)
  const [request] = server.requests
  expect(request?.headers.authorization).toBe('Token dg-key')
  expect(JSON.parse(request?.body ?? '')).toEqual({ text: 'Hello.' })
  const url = new URL(request?.url ?? '', 'http://vendor')
  expect(url.pathname).toBe('/v1/speak')
  expect(Object.fromEntries(url.searchParams)).toEqual({
    model: 'aura-2-thalia-en',
    encoding: 'mulaw',
    sample_rate: '8000',
    container: 'none',
  })
})

test('takes the vendor’s whole name of a voice, and keeps the speed in bounds', async () => {
  server = await startHttpServer(pieces('audio/mulaw', ['x']))
  await speak('Hello.', { speed: 2 }, 'aura-asteria-en')
  const { searchParams } = new URL(server.requests[0]?.url ?? '', 'http://vendor')
  expect(searchParams.get('model')).toBe('aura-asteria-en')
  expect(searchParams.get('speed')).toBe('1.5')
})

test.each([
  [400, { err_code: 'Bad Request', err_msg: 'No such model.', request_id: 'r' }, 'invalid-request'],
  [401, { err_code: 'INVALID_AUTH', err_msg: 'Invalid credentials.', request_id: 'r' }, 'authentication'],
  [402, { err_code: 'ASR_PAYMENT_REQUIRED', err_msg: 'No credits.', request_id: 'r' }, 'quota'],
])('tells why it was refused with %i', async (status, body, category) => {
  server = await startHttpServer(json(status, body))
  await expect(speak('Hello.')).rejects.toMatchObject({
    category,
    status,
    vendorCode: body.err_code,
    context: { customer: { vendorMessage: body.err_msg } },
  })
  expect(server.requests).toHaveLength(1)
})

test('tries a busy vendor once more', async () => {
  const busy = { err_code: 'TOO_MANY_REQUESTS', err_msg: 'Slow down.', request_id: 'r' }
  server = await startHttpServer(json(429, busy), pieces('audio/mulaw', ['x']))
  expect(await speak('Hello.')).toHaveLength(1)
})

test('refuses a text that is too long for the vendor itself', async () => {
  server = await startHttpServer(pieces('audio/mulaw', ['x']))
  await expect(speak('a'.repeat(2001))).rejects.toMatchObject({ category: 'invalid-request' })
  expect(server.requests).toHaveLength(0)
})
