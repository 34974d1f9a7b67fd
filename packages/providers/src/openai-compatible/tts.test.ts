import { bytesToPcm, pcmToBytes, wavHeader } from '@phonevoice/audio'
import { createTestClock, ProviderError } from '@phonevoice/base'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { TtsRequest } from '../contract/index.ts'
import { type Answer, json, type LoopbackServer, pieces, startHttpServer } from '../testing/http-server.ts'
import type { OpenAiCompatibleTtsOptions } from './options.ts'
import { createOpenAiCompatibleTts } from './tts.ts'

let server: LoopbackServer
beforeEach(async () => {
  server = await startHttpServer()
})
afterEach(() => server.close())

function createTts(options: Partial<OpenAiCompatibleTtsOptions> = {}) {
  return createOpenAiCompatibleTts({
    apiKey: 'k',
    baseUrl: `${server.origin}/v1`,
    model: 'kokoro',
    voiceId: 'heart',
    ...options,
  })
}

function requestOf(overrides: Partial<TtsRequest> = {}): TtsRequest {
  return {
    text: 'Two large pizzas.',
    speed: 1,
    language: 'en-US',
    firstAudioTimeoutMs: 2_000,
    signal: new AbortController().signal,
    ...overrides,
  }
}

async function audioOf(
  options: Partial<OpenAiCompatibleTtsOptions> = {},
  overrides: Partial<TtsRequest> = {},
) {
  const chunks: Uint8Array[] = []
  for await (const chunk of createTts(options).synthesize(requestOf(overrides))) chunks.push(chunk)
  return { chunks, pcm: bytesToPcm(Buffer.concat(chunks)) }
}

async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ProviderError)
  return error as ProviderError
}

const tone = (rateHz: number, seconds: number) =>
  Int16Array.from({ length: rateHz * seconds }, (_, i) =>
    Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / rateHz)),
  )
const pcm24k = tone(24_000, 0.1)
const cut = (bytes: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
const speaking: Answer = pieces('audio/pcm', cut(pcmToBytes(pcm24k), 960))

describe('a request', () => {
  test('asks for raw PCM and nothing that is the default', async () => {
    server.answerWith(speaking)
    await audioOf()
    const [request] = server.requests
    expect(request).toMatchObject({ method: 'POST', url: '/v1/audio/speech' })
    expect(request?.headers).toMatchObject({ authorization: 'Bearer k', 'content-type': 'application/json' })
    expect(JSON.parse(request?.body ?? '')).toEqual({
      model: 'kokoro',
      voice: 'heart',
      input: 'Two large pizzas.',
      response_format: 'pcm',
    })
  })

  test('carries speed within its limits, instructions, a query and no key where there is none', async () => {
    server.answerWith(speaking)
    const baseUrl = `${server.origin}/voices/audio/speech?tenant=1`
    await audioOf({ apiKey: null, instructions: 'Softly.', baseUrl }, { speed: 9 })
    expect(server.requests[0]?.url).toBe('/voices/audio/speech?tenant=1')
    expect(server.requests[0]?.headers.authorization).toBeUndefined()
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({ speed: 4, instructions: 'Softly.' })
  })

  test('is not made for no text, and refused for too much', async () => {
    expect((await audioOf({}, { text: '  ' })).chunks).toEqual([])
    expect((await failureOf(audioOf({}, { text: 'x'.repeat(4097) }))).category).toBe('invalid-request')
    expect(server.requests).toHaveLength(0)
  })
})

describe('audio', () => {
  test.each([1, 3, 961, 100_000])('is whole samples, in pieces of %i bytes', async (size) => {
    server.answerWith(pieces('audio/pcm', cut(pcmToBytes(pcm24k), size)))
    const { chunks, pcm } = await audioOf()
    expect(pcm).toEqual(pcm24k)
    for (const chunk of chunks) expect(chunk.length % 2).toBe(0)
  })

  test('is yielded while the rest is still being made', async () => {
    server.answerWith(pieces('audio/pcm', [pcmToBytes(pcm24k)], 'hang'))
    const iterator = createTts().synthesize(requestOf())[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toHaveLength(pcm24k.length * 2)
    await iterator.return?.()
    await vi.waitFor(() => expect(server.requests[0]?.isGivenUp).toBe(true))
  })

  test.each([7, 44, 45, 4096])(
    'sent as WAV all the same loses its header, in pieces of %i bytes',
    async (size) => {
      const header = wavHeader({ encoding: 'pcm16', sampleRateHz: 24_000, channels: 1, dataBytes: null })
      server.answerWith(pieces('audio/wav', cut(Buffer.concat([header, pcmToBytes(pcm24k)]), size)))
      expect((await audioOf()).pcm).toEqual(pcm24k)
    },
  )

  test('of another rate, in stereo, becomes 24 kHz mono', async () => {
    const mono = tone(22_050, 0.1)
    const stereo = Int16Array.from({ length: mono.length * 2 }, (_, i) => mono[i >> 1] as number)
    const header = wavHeader({
      encoding: 'pcm16',
      sampleRateHz: 22_050,
      channels: 2,
      dataBytes: stereo.length * 2,
    })
    const trailer = Buffer.from('LIST of what is no sound')
    server.answerWith(pieces('audio/wav', cut(Buffer.concat([header, pcmToBytes(stereo), trailer]), 333)))
    const { pcm } = await audioOf()
    const expected = tone(24_000, 0.1)
    expect(pcm).toHaveLength(expected.length)
    for (let i = 200; i < pcm.length - 200; i++)
      expect(Math.abs((pcm[i] as number) - (expected[i] as number))).toBeLessThan(30)
  })

  test('of two clauses at once does not mix', async () => {
    server.answerWith(async (response, request) => {
      const value = Number(JSON.parse(request.body).input)
      await pieces('audio/pcm', cut(pcmToBytes(new Int16Array(2000).fill(value)), 500))(response, request)
    })
    const tts = createTts()
    await Promise.all(
      [11, 22, 33, 44].map(async (value) => {
        for await (const chunk of tts.synthesize(requestOf({ text: String(value) }))) {
          expect(new Set(bytesToPcm(chunk))).toEqual(new Set([value]))
        }
      }),
    )
  })
})

describe('a failure', () => {
  test.each([
    ['a refused key', json(401, { error: { message: 'no' } }), 'authentication', 1],
    ['an unknown voice', json(404, { error: { message: 'no' } }), 'not-found', 1],
    ['a busy server', json(503, {}), 'server', 2],
    [
      'an error under 200',
      json(200, { error: { message: 'out of credits', code: 'insufficient_quota' } }),
      'quota',
      1,
    ],
    ['a web page under 200', pieces('text/html', ['<html>']), 'unknown', 2],
    ['no audio', pieces('audio/pcm', []), 'server', 2],
    ['a single odd byte', pieces('audio/pcm', ['x']), 'server', 2],
    ['an unreadable WAV', pieces('audio/wav', ['RIFF----WEBP', 'x'.repeat(50)]), 'server', 2],
  ])('%s is told apart', async (_, answer, category, requests) => {
    server.answerWith(answer)
    expect(await failureOf(audioOf({ provider: 'acme' }))).toMatchObject({
      vendor: 'acme',
      operation: 'speech',
      category,
    })
    expect(server.requests).toHaveLength(requests)
  })

  test('that passes is not heard', async () => {
    server.answerWith(json(500, {}), speaking)
    expect((await audioOf()).pcm).toEqual(pcm24k)
  })

  test('within the audio is thrown, and nothing is said twice', async () => {
    server.answerWith(pieces('audio/pcm', [pcmToBytes(pcm24k)], 'reset'))
    expect((await failureOf(audioOf())).category).toBe('connectivity')
    expect(server.requests).toHaveLength(1)
  })
})

describe('time', () => {
  test('runs out before the first audio', async () => {
    const clock = createTestClock()
    server.answerWith(pieces('audio/pcm', [], 'hang'))
    const failure = failureOf(audioOf({ clock }))
    await vi.waitFor(() => expect(server.requests).toHaveLength(1))
    clock.advance(2_000)
    expect((await failure).category).toBe('timeout')
    expect(clock.pendingTimers).toBe(0)
    await vi.waitFor(() => expect(server.requests[0]?.isGivenUp).toBe(true))
  })

  test('runs out between two pieces, not while the consumer is busy', async () => {
    const clock = createTestClock()
    server.answerWith(pieces('audio/pcm', [pcmToBytes(pcm24k)], 'hang'))
    const iterator = createTts({ clock, chunkTimeoutMs: 500 }).synthesize(requestOf())[Symbol.asyncIterator]()
    await iterator.next()
    clock.advance(60_000)
    const failure = failureOf(iterator.next())
    clock.advance(500)
    expect((await failure).category).toBe('timeout')
  })
})

describe('an abort', () => {
  test('ends the audio silently and gives up the connection', async () => {
    server.answerWith(pieces('audio/pcm', [pcmToBytes(pcm24k)], 'hang'))
    const controller = new AbortController()
    let count = 0
    for await (const _ of createTts().synthesize(requestOf({ signal: controller.signal }))) {
      count++
      controller.abort()
    }
    expect(count).toBe(1)
    await vi.waitFor(() => expect(server.requests[0]?.isGivenUp).toBe(true))
  })

  test('before the beginning sends nothing', async () => {
    expect((await audioOf({}, { signal: AbortSignal.abort() })).chunks).toEqual([])
    expect(server.requests).toHaveLength(0)
  })
})

describe('warming', () => {
  test('opens a connection that the first clause uses', async () => {
    const ports: (number | undefined)[] = []
    server.answerWith(async (response, request) => {
      ports.push(response.socket?.remotePort)
      if (request.url === '/v1/models') await json(200, { data: [] })(response, request)
      else await speaking(response, request)
    })
    const tts = createTts()
    await tts.warm()
    // The pool takes the connection back on its next turn.
    await new Promise((resolve) => setImmediate(resolve))
    for await (const _ of tts.synthesize(requestOf()));
    expect(ports).toHaveLength(2)
    expect(ports[0]).toBe(ports[1])
  })

  test('never fails, and never takes longer than two seconds', async () => {
    const clock = createTestClock()
    server.answerWith(() => {})
    const warming = createTts({ clock }).warm()
    await vi.waitFor(() => expect(server.requests).toHaveLength(1))
    clock.advance(2_000)
    await warming
    await createTts({ fetch: () => Promise.reject(new Error('no network')) }).warm()
    expect(clock.pendingTimers).toBe(0)
  })
})
