import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLog } from '@phonevoice/base'
import { DEFAULT_ASSISTANT } from '@phonevoice/contracts'
import { createProviderClient, type ProviderClient } from '@phonevoice/outbound-http'
import { createOpenAiCompatibleTts, createOpenAiLlm } from '@phonevoice/providers'
import type { CallForSession } from '@phonevoice/services/calls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { phraseKey, synthesiseMulaw } from './effects/voice.ts'
import { createPhraseCache } from './phrase-cache.ts'
import { prepareCall } from './prepare-call.ts'

/** Goal: while the phone rings everything is done that the first words would wait for. Method: a voice server that counts its sockets. */
let connections = 0
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`)
  request.resume().on('end', () => {
    response.setHeader('content-type', request.method === 'POST' ? 'audio/pcm' : 'application/json')
    response.end(request.method === 'POST' ? Buffer.alloc(4800) : '{}')
  })
})
server.on('connection', () => connections++)
const clients: ProviderClient[] = []
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
beforeEach(() => {
  connections = 0
  asked.length = 0
})
afterAll(async () => {
  for (const client of clients) await client.close()
  await new Promise((resolve) => server.close(resolve))
})

/** The voice of a process that has spoken to nobody yet. */
function voice() {
  const client = createProviderClient()
  clients.push(client)
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const tts = createOpenAiCompatibleTts({
    baseUrl,
    apiKey: null,
    model: 'm',
    voiceId: 'v',
    fetch: client.fetch,
  })
  return { transcribers: [], answers: [], voices: [{ tts, speed: 1 }] }
}

function callWith(first_message: string | null): CallForSession {
  const assistant = { ...DEFAULT_ASSISTANT, name: 'x', first_message }
  // Only these are looked at before a call is answered.
  return { callId: 'call_1', organizationId: 'org_1', assistant, variables: {} } as unknown as CallForSession
}

test('the greeting is synthesised once for all calls that begin with it', async () => {
  const phrases = createPhraseCache()
  await prepareCall(callWith('Hello there.'), voice(), phrases, silentLog)
  await prepareCall(callWith('Hello there.'), voice(), phrases, silentLog)
  expect(asked.filter((line) => line.startsWith('POST'))).toEqual(['POST /v1/audio/speech'])
})

test('the first call that speaks the greeting is charged for it, and no other', async () => {
  const phrases = createPhraseCache()
  const providers = voice()
  const { tts } = providers.voices[0]!
  await prepareCall(callWith('Hello there.'), providers, phrases, silentLog)
  const key = phraseKey('org_1', tts, 1, 'Hello there.')
  expect(phrases.takeUnbilled(key)).toEqual([{ unit: 'character', quantity: 12, isMeasured: true }])
  await prepareCall(callWith('Hello there.'), providers, phrases, silentLog)
  expect(phrases.takeUnbilled(key)).toEqual([])
})

test("the model's connection is opened, and a user's own model is left alone", async () => {
  const { voices } = voice()
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/llm/v1`
  for (const isCustom of [false, true]) {
    const llm = createOpenAiLlm({ baseUrl, apiKey: null, model: 'm', isCustom })
    const answers = [{ llm, temperature: null, firstTokenTimeoutMs: 1000 }]
    await prepareCall(callWith(null), { transcribers: [], answers, voices }, createPhraseCache(), silentLog)
  }
  expect(asked.filter((line) => line.includes('/llm/'))).toEqual(['GET /llm/v1/models'])
})

test.each<[string | null, string]>([
  ['Hello there.', 'is known'],
  [null, 'is not needed'],
])('with a greeting (%j) that %s, the first answer still finds a connection', async (greeting) => {
  const phrases = createPhraseCache()
  await prepareCall(callWith(greeting), voice(), phrases, silentLog)
  connections = 0
  const providers = voice()
  await prepareCall(callWith(greeting), providers, phrases, silentLog)
  expect(connections).toBe(1)
  // A connection is free a moment after its answer has been read.
  await new Promise((resolve) => setImmediate(resolve))
  const speech = { text: 'An answer.', speed: 1, language: 'en', signal: new AbortController().signal }
  for await (const _ of synthesiseMulaw(providers.voices[0]!.tts, speech));
  expect(connections).toBe(1)
})
