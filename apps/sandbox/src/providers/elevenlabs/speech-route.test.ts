import { decodeMulaw } from '@phonevoice/audio'
import { silentLog } from '@phonevoice/base'
import { afterEach, expect, it } from 'vitest'
import { decodeSpeech } from '../../speech/index.ts'
import { createProviderServer, type ProviderServer } from '../provider-server.ts'

let server: ProviderServer
afterEach(() => server.close())

async function speak(
  body: object,
  query = '?output_format=ulaw_8000',
  headers: object = { 'xi-api-key': 'a-secret-key' },
) {
  server ??= await createProviderServer({ latencies: { ttsFirstByteMs: 1 }, log: silentLog })
  return fetch(`${new URL(server.url).origin}/v1/text-to-speech/george/stream${query}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

it('speaks in the voice of the path, and hides the key in its log', async () => {
  server = await createProviderServer({ latencies: { ttsFirstByteMs: 1 }, log: silentLog })
  const answer = await speak({
    text: 'Two large pizzas.',
    model_id: 'eleven_flash_v2_5',
    language_code: 'en',
  })
  expect(answer.headers.get('character-cost')).toBe('17')
  expect(decodeSpeech(decodeMulaw(new Uint8Array(await answer.arrayBuffer())))).toBe('Two large pizzas.')
  const [entry] = server.requests.entries
  expect(entry).toMatchObject({
    target: 'speech',
    path: '/v1/text-to-speech/george/stream',
    reply: 'Two large pizzas.',
    outcome: 'completed',
  })
  expect(entry?.headers['xi-api-key']).toBe('…-key')
})

it.each([
  ['no key', { text: 'Hi.' }, '?output_format=ulaw_8000', {}, 401],
  ['a format it does not render', { text: 'Hi.' }, '', undefined, 400],
  ['an empty text', { text: '' }, undefined, undefined, 422],
  ['too fast a voice', { text: 'Hi.', voice_settings: { speed: 1.5 } }, undefined, undefined, 422],
  [
    'a language for a model that takes none',
    { text: 'Hi.', model_id: 'eleven_multilingual_v2', language_code: 'fr' },
    undefined,
    undefined,
    400,
  ],
])('refuses %s in its own words', async (_, body, query, headers, status) => {
  server = await createProviderServer({ latencies: { ttsFirstByteMs: 1 }, log: silentLog })
  const answer = await speak(body, query, headers)
  expect(answer.status).toBe(status)
  expect(await answer.json()).toMatchObject({
    detail: { status: expect.any(String), message: expect.any(String) },
  })
})
