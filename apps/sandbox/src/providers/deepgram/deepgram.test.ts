import { decodeMulaw, encodeMulaw, mulawSilence } from '@phonevoice/audio'
import { createTestClock, silentLog } from '@phonevoice/base'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { decodeSpeech, encodeSpeech } from '../../speech/index.ts'
import type { FaultInput } from '../faults.ts'
import { createProviderServer, type ProviderServer, type ProviderServerOptions } from '../provider-server.ts'
import { type JsonSocket, openJsonSocket, refusalOf } from '../testing/json-socket.ts'

const KEY = { authorization: 'Token any' }
const LISTEN = 'model=nova-3&encoding=mulaw&sample_rate=8000'
const FLUX = 'model=flux-general-en&encoding=mulaw&sample_rate=8000'
const servers: ProviderServer[] = []
const sockets: JsonSocket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function start(options: Partial<ProviderServerOptions> = {}, faults: FaultInput[] = []) {
  const server = await createProviderServer({
    latencies: { sttFinalMs: 1, ttsFirstByteMs: 1 },
    faults,
    log: silentLog,
    ...options,
  })
  servers.push(server)
  return new URL(server.url).origin
}

async function connect(origin: string, path: string): Promise<JsonSocket> {
  const socket = await openJsonSocket(`${origin}${path}`, KEY)
  sockets.push(socket)
  return socket
}

/** 20 ms frames, as a phone sends them. */
function say(socket: JsonSocket, text: string, silenceMs = 0): void {
  const audio = Buffer.concat([
    encodeMulaw(encodeSpeech(text, { sampleRateHz: 8000 })),
    mulawSilence(silenceMs),
  ])
  for (let at = 0; at < audio.length; at += 160) socket.send(audio.subarray(at, at + 160))
}

const textOf = (event: { channel?: { alternatives: { transcript: string }[] } }) =>
  event.channel?.alternatives[0]?.transcript

describe('/v1/listen', () => {
  it('guesses, then is sure, then tells of the end of the utterance', async () => {
    const socket = await connect(
      await start(),
      `/v1/listen?${LISTEN}&interim_results=true&endpointing=300&vad_events=true&utterance_end_ms=1000`,
    )
    say(socket, 'two large pizzas', 1200)
    await socket.next(({ type }) => type === 'SpeechStarted')
    const guess = await socket.next(({ type }) => type === 'Results')
    expect(guess).toMatchObject({ is_final: false, speech_final: false, start: 0 })
    expect(textOf(guess)).toBe('two')
    const final = await socket.next(({ is_final }) => is_final)
    expect(final).toMatchObject({ speech_final: true, from_finalize: false })
    expect(textOf(final)).toBe('two large pizzas')
    const end = await socket.next(({ type }) => type === 'UtteranceEnd')
    expect(end.last_word_end).toBeGreaterThan(0.5)
  })

  it('says what it has on Finalize, and nothing when it has nothing', async () => {
    const socket = await connect(await start(), `/v1/listen?${LISTEN}&endpointing=false`)
    say(socket, 'hello there')
    socket.send({ type: 'Finalize' })
    socket.send({ type: 'Finalize' })
    const final = await socket.next(({ from_finalize }) => from_finalize)
    expect(textOf(final)).toBe('hello there')
    socket.send({ type: 'CloseStream' })
    await socket.next(({ type }) => type === 'Metadata')
    expect(await socket.closed).toBe(1000)
    expect(socket.events.filter(({ from_finalize }) => from_finalize)).toHaveLength(1)
  })

  it('ends a session that is neither spoken to nor kept alive', async () => {
    const clock = createTestClock()
    const socket = await connect(
      await start({ timers: clock }),
      `/v1/listen?${LISTEN}&interim_results=true&endpointing=false`,
    )
    say(socket, 'hello')
    await socket.next(({ type }) => type === 'Results')
    clock.advance(9000)
    socket.send({ type: 'KeepAlive' })
    say(socket, 'again')
    await socket.next((event) => textOf(event) === 'hello again')
    clock.advance(9000)
    expect(socket.events.every(({ type }) => type === 'Results')).toBe(true)
    clock.advance(1000)
    expect(await socket.closed).toBe(1011)
  })

  it('does not know every message', async () => {
    const socket = await connect(await start(), `/v1/listen?${LISTEN}`)
    socket.send({ type: 'ForceEndTurn' })
    expect(await socket.closed).toBe(1008)
  })

  it.each([
    ['without a key', LISTEN, {}, 401],
    ['without the encoding of raw audio', 'model=nova-3', KEY, 400],
    ['with a parameter nobody knows', `${LISTEN}&eot_threshold=0.7`, KEY, 400],
    ['with keywords for a model that takes key terms', `${LISTEN}&keywords=Ada`, KEY, 400],
    ['with ends of utterances but no interim results', `${LISTEN}&utterance_end_ms=1000`, KEY, 400],
  ])('does not open %s', async (_, query, headers, status) => {
    expect(await refusalOf(`${await start()}/v1/listen?${query}`, headers as Record<string, string>)).toBe(
      status,
    )
  })
})

describe('/v2/listen', () => {
  it('goes through the turn as documented', async () => {
    const socket = await connect(await start(), `/v2/listen?${FLUX}&eager_eot_threshold=0.4`)
    expect(await socket.next(() => true)).toMatchObject({ type: 'Connected', sequence_id: 0 })
    say(socket, 'Two large pizzas.', 400)
    const end = await socket.next(({ event }) => event === 'EndOfTurn')
    expect(end).toMatchObject({ transcript: 'Two large pizzas.', turn_index: 0, trigger: 'model' })
    expect(end.words.map(({ word }: { word: string }) => word)).toEqual(['two', 'large', 'pizzas'])
    const order = socket.events.flatMap(({ event }) => (event && event !== 'Update' ? [event] : []))
    expect(order).toEqual(['StartOfTurn', 'EagerEndOfTurn', 'EndOfTurn'])
    say(socket, 'Please.', 400)
    expect(await socket.next(({ event }) => event === 'EndOfTurn')).toMatchObject({
      transcript: 'Please.',
      turn_index: 1,
    })
    expect(socket.events.map(({ sequence_id }) => sequence_id)).toEqual(
      socket.events.map((_, index) => index),
    )
  })

  it('waits in the middle of a sentence, and resumes', async () => {
    const socket = await connect(await start(), `/v2/listen?${FLUX}&eager_eot_threshold=0.4`)
    say(socket, 'My number is five', 700)
    say(socket, 'six seven.', 400)
    const end = await socket.next(({ event }) => event === 'EndOfTurn')
    expect(end.transcript).toBe('My number is five six seven.')
    const order = socket.events.flatMap(({ event }) => (event && event !== 'Update' ? [event] : []))
    expect(order).toEqual(['StartOfTurn', 'EagerEndOfTurn', 'TurnResumed', 'EagerEndOfTurn', 'EndOfTurn'])
  })

  it('reports every quarter of a second, silence included, and ends turns when told', async () => {
    const socket = await connect(await start(), `/v2/listen?${FLUX}&eot_threshold=1`)
    socket.send({ type: 'ForceEndTurn' })
    socket.send(mulawSilence(1100))
    await vi.waitFor(() => expect(socket.events.filter(({ event }) => event === 'Update')).toHaveLength(4))
    say(socket, 'Hello.', 500)
    socket.send({ type: 'ForceEndTurn' })
    expect(await socket.next(({ event }) => event === 'EndOfTurn')).toMatchObject({
      transcript: 'Hello.',
      trigger: 'manual',
    })
  })

  it.each([
    ['with a parameter of the older endpoint', `${FLUX}&interim_results=true`],
    ['with a model of the older endpoint', 'model=nova-3&encoding=mulaw&sample_rate=8000'],
    ['with an eager threshold above the other', `${FLUX}&eager_eot_threshold=0.8&eot_threshold=0.6`],
    ['with a language hint for the English model', `${FLUX}&language_hint=fr`],
  ])('does not open %s', async (_, query) => {
    expect(await refusalOf(`${await start()}/v2/listen?${query}`, KEY)).toBe(400)
  })
})

describe('faults of the Deepgram recognisers', () => {
  it.each(['/v1/listen', '/v2/listen'])('strike %s as they strike the others', async (path) => {
    const query = path === '/v1/listen' ? LISTEN : FLUX
    const origin = await start({}, [
      { target: 'transcription', kind: 'status', status: 429 },
      { target: 'transcription', kind: 'cut', after: 1 },
    ])
    expect(await refusalOf(`${origin}${path}?${query}`, KEY)).toBe(429)
    const socket = await connect(origin, `${path}?${query}`)
    say(socket, 'hello there')
    expect(await socket.closed).toBe(1006)
  })
})

describe('/v1/speak', () => {
  const speak = (origin: string, query: string, body: unknown, headers: Record<string, string> = KEY) =>
    fetch(`${origin}/v1/speak?${query}`, { method: 'POST', headers, body: JSON.stringify(body) })

  it('speaks bare μ-law when asked for no container, a WAV otherwise', async () => {
    const origin = await start()
    const query = 'model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000'
    const bare = await speak(origin, `${query}&container=none`, { text: 'Two large pizzas.' })
    expect(bare.headers.get('dg-char-count')).toBe('17')
    const audio = new Uint8Array(await bare.arrayBuffer())
    expect(decodeSpeech(decodeMulaw(audio))).toBe('Two large pizzas.')
    const wav = Buffer.from(await (await speak(origin, query, { text: 'Two large pizzas.' })).arrayBuffer())
    expect(wav.subarray(0, 4).toString()).toBe('RIFF')
    expect(wav.length).toBe(audio.length + 44)
  })

  it.each([
    ['no key', 'encoding=mulaw&sample_rate=8000', { text: 'Hi.' }, {}, 401],
    ['no text', 'encoding=mulaw&sample_rate=8000', {}, KEY, 400],
    ['an unknown parameter', 'encoding=mulaw&sample_rate=8000&voice=x', { text: 'Hi.' }, KEY, 400],
    ['a long text', 'encoding=mulaw&sample_rate=8000', { text: 'a'.repeat(2001) }, KEY, 413],
  ])('refuses %s in its own words', async (_, query, body, headers, status) => {
    const answer = await speak(await start(), query, body, headers as Record<string, string>)
    expect(answer.status).toBe(status)
    expect(Object.keys((await answer.json()) as object)).toEqual(['err_code', 'err_msg', 'request_id'])
  })
})
