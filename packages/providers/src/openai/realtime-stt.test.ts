import { createTestClock, type TestClock } from '@phonevoice/base'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SttPart, SttStream } from '../contract/index.ts'
import {
  sound,
  startTranscriptionServer,
  type TranscriptionServer,
  type VendorSession,
} from '../testing/transcription-server.ts'
import type { OpenAiRealtimeSttOptions } from './options.ts'
import { createOpenAiRealtimeStt } from './realtime-stt.ts'

let server: TranscriptionServer
let clock: TestClock
const opened: SttStream[] = []

beforeEach(async () => {
  server = await startTranscriptionServer()
  clock = createTestClock()
})

afterEach(async () => {
  for (const stream of opened.splice(0)) stream.close()
  await server.close()
  // Nothing may be left ticking; the closing handshake's own timer goes when the socket has closed.
  await vi.waitFor(() => expect(clock.pendingTimers).toBe(0))
})

function open(options: Partial<OpenAiRealtimeSttOptions> = {}, keywords: string[] = []) {
  const provider = createOpenAiRealtimeStt({
    apiKey: 'sk-test',
    baseUrl: `${server.origin}/v1`,
    model: 'gpt-live-transcribe',
    clock,
    ...options,
  })
  const parts: SttPart[] = []
  const stream = provider.open({ language: 'en-US', keywords, onPart: (part) => parts.push(part) })
  opened.push(stream)
  return {
    stream,
    parts,
    of: <T extends SttPart['type']>(type: T) =>
      parts.filter((part): part is Extract<SttPart, { type: T }> => part.type === type),
    saw: (part: Partial<SttPart>) =>
      vi.waitFor(() => expect(parts).toContainEqual(expect.objectContaining(part))),
  }
}

async function openReady(...args: Parameters<typeof open>) {
  const listener = open(...args)
  await listener.saw({ type: 'ready' })
  return listener
}

function say(stream: SttStream, text: string, itemId?: string): void {
  for (const character of text) stream.sendAudio(sound(character))
  if (itemId !== undefined) stream.commit(itemId)
}

function session(index = 0): VendorSession {
  const found = server.sessions[index]
  if (!found) throw new Error(`There is no session ${index}.`)
  return found
}

const typesOf = ({ events }: VendorSession) => events.map(({ type }) => type)

describe('a session', () => {
  test('is set to μ-law, no voice detection, one model, and the language without its region', async () => {
    await openReady({ headers: { 'x-team': 'blue' } }, ['PhoneVoice'])
    expect(session().url).toBe('/v1/realtime?intent=transcription')
    expect(session().headers).toMatchObject({ authorization: 'Bearer sk-test', 'x-team': 'blue' })
    expect(session().headers['openai-beta']).toBeUndefined()
    expect(session().events[0]).toMatchObject({
      type: 'session.update',
      session: {
        type: 'transcription',
        audio: {
          input: {
            format: { type: 'audio/pcmu' },
            transcription: { model: 'gpt-live-transcribe', language: 'en', keywords: ['PhoneVoice'] },
            turn_detection: null,
          },
        },
      },
    })
  })

  test('does without a setting that the vendor refuses, and says so', async () => {
    server.behaviour.onUpdate = (vendor, event) => {
      if (JSON.stringify(event).includes('keywords')) {
        const error = {
          type: 'invalid_request_error',
          code: 'unknown_parameter',
          param: 'session.audio.input.transcription.keywords',
        }
        vendor.send({ type: 'error', error: { ...error, message: 'no', event_id: event.event_id } })
      } else vendor.send({ type: 'session.updated' })
    }
    const { stream, saw, of } = open({}, ['PhoneVoice'])
    say(stream, 'hello', 'a')
    await saw({ type: 'final', itemId: 'a', text: 'hello' })
    expect(of('warning')).toMatchObject([{ setting: 'keywords' }])
  })

  test('that the vendor refuses altogether fails the stream', async () => {
    server.behaviour.onUpdate = (vendor) =>
      vendor.send({
        type: 'error',
        error: { type: 'invalid_request_error', code: 'model_not_found', message: 'no such model' },
      })
    const { saw } = open()
    await saw({ type: 'failed', category: 'not-found' })
    expect(server.sessions).toHaveLength(1)
  })
})

describe('a span', () => {
  test('has partials while its final is made, and its own id on all of them', async () => {
    const { stream, parts, saw } = await openReady()
    say(stream, 'two large pizzas', 'a')
    await saw({ type: 'final', itemId: 'a', text: 'two large pizzas' })
    expect(parts.filter(({ type }) => type !== 'usage')).toEqual([
      { type: 'ready' },
      { type: 'partial', itemId: 'a', text: 'two ' },
      { type: 'partial', itemId: 'a', text: 'two large ' },
      { type: 'partial', itemId: 'a', text: 'two large pizzas' },
      { type: 'final', itemId: 'a', text: 'two large pizzas' },
    ])
  })

  test('has partials without an id before it is committed', async () => {
    const { stream, saw } = await openReady()
    const type = 'conversation.item.input_audio_transcription.delta'
    session().send({ type, item_id: 'early', delta: 'two' })
    await saw({ type: 'partial', itemId: null, text: 'two' })
    server.behaviour.onCommit = (vendor) => {
      vendor.send({ type: 'input_audio_buffer.committed', item_id: 'early' })
      vendor.send({ type, item_id: 'early', delta: ' large' })
    }
    say(stream, 'two large', 'a')
    await saw({ type: 'partial', itemId: 'a', text: 'two large' })
  })

  test('gets its own final when finals come in another order, even before their announcement', async () => {
    const { stream, of, saw } = await openReady()
    const waiting: [VendorSession, string, string][] = []
    server.behaviour.onCommit = (...commit) => {
      const [vendor, vendorItemId, text] = commit
      waiting.push([vendor, vendorItemId, text])
      if (waiting.length < 3) return
      server.transcribe(vendor, vendorItemId, text)
      for (const [, item_id] of waiting) vendor.send({ type: 'input_audio_buffer.committed', item_id })
      for (const [, id, words] of waiting.slice(0, 2).reverse()) server.transcribe(vendor, id, words)
    }
    say(stream, 'first', 'a')
    say(stream, 'second', 'b')
    say(stream, 'third', 'c')
    await saw({ type: 'final', itemId: 'a' })
    expect(of('final').map(({ itemId, text }) => [itemId, text])).toEqual([
      ['c', 'third'],
      ['b', 'second'],
      ['a', 'first'],
    ])
  })

  test('that is too short for the vendor is filled up with silence', async () => {
    const { stream, of, saw } = await openReady()
    say(stream, 'hm', 'a')
    await saw({ type: 'final', itemId: 'a', text: 'hm' })
    expect(of('usage')).toEqual([{ type: 'usage', audioSeconds: 0.1 }])
  })

  test('without any audio is answered here, after commit has returned', async () => {
    const { stream, of, saw } = await openReady()
    stream.commit('a')
    expect(of('final')).toEqual([])
    await saw({ type: 'final', itemId: 'a', text: '' })
    expect(typesOf(session())).toEqual(['session.update'])
  })

  test('is billed for its audio when committed, and the rest when the stream closes', async () => {
    const { stream, parts, of, saw } = await openReady()
    say(stream, 'twelve words', 'a')
    await saw({ type: 'final', itemId: 'a' })
    say(stream, 'abcde')
    stream.close()
    expect(of('usage').map(({ audioSeconds }) => audioSeconds)).toEqual([12 * 0.02, 5 * 0.02])
    const before = parts.length
    stream.close()
    say(stream, 'more', 'b')
    await vi.waitFor(() => expect(session().isClosed).toBe(true))
    expect(parts).toHaveLength(before)
  })

  test('fails when the vendor fails, and the next one is not affected', async () => {
    const { stream, saw } = await openReady()
    const { onCommit } = server.behaviour
    server.behaviour.onCommit = (vendor, item_id) => {
      vendor.send({ type: 'input_audio_buffer.committed', item_id })
      vendor.send({
        type: 'conversation.item.input_audio_transcription.failed',
        item_id,
        error: { message: 'garbled' },
      })
    }
    say(stream, 'first', 'a')
    await saw({ type: 'item-failed', itemId: 'a', message: 'garbled' })
    server.behaviour.onCommit = onCommit
    say(stream, 'second', 'b')
    await saw({ type: 'final', itemId: 'b', text: 'second' })
  })

  test('fails when its commit is refused, and ids stay joined', async () => {
    const { stream, saw } = await openReady()
    const { onCommit } = server.behaviour
    server.behaviour.onCommit = (vendor, _id, _text, { event_id }) =>
      vendor.send({
        type: 'error',
        error: { type: 'server_error', code: 'server_error', message: 'try later', event_id },
      })
    say(stream, 'first', 'a')
    await saw({ type: 'item-failed', itemId: 'a' })
    server.behaviour.onCommit = onCommit
    say(stream, 'second', 'b')
    await saw({ type: 'final', itemId: 'b', text: 'second' })
  })

  test('fails at its deadline; a late final is dropped and the next one is its own', async () => {
    const { stream, of, saw } = await openReady({ finalTimeoutMs: 4_000 })
    const { onCommit } = server.behaviour
    let late = () => {}
    server.behaviour.onCommit = (...commit) => {
      late = () => onCommit(...commit)
    }
    say(stream, 'first', 'a')
    await vi.waitFor(() => expect(typesOf(session())).toContain('input_audio_buffer.commit'))
    clock.advance(4_000)
    expect(of('item-failed')).toMatchObject([{ itemId: 'a' }])
    server.behaviour.onCommit = onCommit
    late()
    say(stream, 'second', 'b')
    await saw({ type: 'final', itemId: 'b', text: 'second' })
    expect(of('final')).toHaveLength(1)
    expect(of('partial').every(({ itemId }) => itemId === 'b')).toBe(true)
  })
})

describe('before the session is ready', () => {
  test('audio and commits wait in their order', async () => {
    const { stream, saw, of } = open()
    say(stream, 'hello', 'a')
    say(stream, 'there', 'b')
    say(stream, 'and mo')
    await saw({ type: 'ready' })
    say(stream, 're', 'c')
    await saw({ type: 'final', itemId: 'c', text: 'and more' })
    expect(of('final').map(({ text }) => text)).toEqual(['hello', 'there', 'and more'])
  })

  test('no more than five seconds wait, and the loss is said once', async () => {
    let admit = () => {}
    server.behaviour.onUpdate = (vendor) => {
      admit = () => vendor.send({ type: 'session.updated' })
    }
    const { stream, of, saw } = open()
    say(stream, 'x'.repeat(100))
    say(stream, 'y'.repeat(250))
    await vi.waitFor(() => expect(server.sessions[0]?.events).toHaveLength(1))
    admit()
    await saw({ type: 'ready' })
    stream.commit('a')
    await saw({ type: 'final', itemId: 'a', text: 'y'.repeat(250) })
    expect(of('warning')).toMatchObject([{ setting: 'audio' }])
  })

  test('a refused handshake fails at once when trying again cannot help', async () => {
    server.refusals.push(401)
    const { saw, parts } = open()
    await saw({ type: 'failed', category: 'authentication' })
    expect(parts).toHaveLength(1)
  })

  test('a refused handshake that may pass is tried once more', async () => {
    server.refusals.push(503)
    const { stream, saw } = open()
    say(stream, 'hello', 'a')
    await saw({ type: 'final', itemId: 'a', text: 'hello' })
  })

  test('a second failure fails the stream and what waits for it', async () => {
    server.refusals.push(503, 503)
    const { stream, saw, parts } = open()
    say(stream, 'hello', 'a')
    await saw({ type: 'failed', category: 'server' })
    expect(parts.slice(-2)).toMatchObject([{ type: 'item-failed', itemId: 'a' }, { type: 'failed' }])
    say(stream, 'more', 'b')
    expect(parts.at(-1)).toMatchObject({ type: 'failed' })
  })

  test('a handshake without an answer fails at its deadline', async () => {
    server.behaviour.isDeaf = true
    const { parts } = open({ connectTimeoutMs: 3_000 })
    clock.advance(2_999)
    expect(parts).toEqual([])
    clock.advance(1)
    expect(parts).toMatchObject([{ type: 'failed', category: 'timeout' }])
  })
})

describe('a lost connection', () => {
  test('is replaced, and the whole sentence is heard', async () => {
    const { stream, saw, of } = await openReady()
    say(stream, 'two larger ')
    // The vendor has the first eight frames; three wait to be joined by another.
    await vi.waitFor(() => expect(session().heard.length).toBe(8 * 160))
    session().cut()
    await saw({ type: 'warning', setting: 'connection' })
    say(stream, 'pizzas', 'a')
    await saw({ type: 'final', itemId: 'a', text: 'two larger pizzas' })
    expect(of('ready')).toHaveLength(1)
  })

  test('is replaced for spans that wait for their final, too', async () => {
    const { stream, saw, of } = await openReady()
    const { onCommit } = server.behaviour
    server.behaviour.onCommit = (vendor) => {
      server.behaviour.onCommit = onCommit
      vendor.cut()
    }
    say(stream, 'first', 'a')
    await saw({ type: 'final', itemId: 'a', text: 'first' })
    say(stream, 'second', 'b')
    await saw({ type: 'final', itemId: 'b', text: 'second' })
    expect(of('final')).toHaveLength(2)
  })

  test('is replaced once; soon after it the stream fails', async () => {
    const { saw } = await openReady()
    session().cut()
    await vi.waitFor(() => expect(server.sessions[1]?.events).toHaveLength(1))
    session(1).cut()
    await saw({ type: 'failed', category: 'connectivity' })
    expect(server.sessions).toHaveLength(2)
  })

  test('is replaced again when the replacement has worked for half a minute', async () => {
    const { stream, saw } = await openReady({ pingIntervalMs: 600_000 })
    for (let i = 0; i < 3; i++) {
      session(i).cut()
      await vi.waitFor(() => expect(server.sessions).toHaveLength(i + 2))
      say(stream, `sentence ${i}`, `item ${i}`)
      await saw({ type: 'final', itemId: `item ${i}`, text: `sentence ${i}` })
      clock.advance(30_000)
    }
  })

  test('is noticed when a ping is not answered', async () => {
    server.behaviour.autoPong = false
    const { saw } = await openReady({ pingIntervalMs: 1_000 })
    clock.advance(1_000)
    clock.advance(1_000)
    await saw({ type: 'warning', setting: 'connection' })
    await vi.waitFor(() => expect(session().isClosed).toBe(true))
  })

  test('does not cost more than 30 s of memory', async () => {
    const { stream, saw } = await openReady()
    say(stream, `${'x'.repeat(500)}${'y'.repeat(1500)}`)
    session().cut()
    await saw({ type: 'warning', setting: 'connection' })
    stream.commit('a')
    await saw({ type: 'final', itemId: 'a', text: 'y'.repeat(1500) })
  })
})

describe('an old session', () => {
  test('is replaced at a commit and kept until it has answered', async () => {
    const { stream, saw, of } = await openReady({
      sessionMsMax: 60_000,
      pingIntervalMs: 600_000,
      finalTimeoutMs: 600_000,
    })
    const { onCommit } = server.behaviour
    let late = () => {}
    server.behaviour.onCommit = (...commit) => {
      late = () => onCommit(...commit)
    }
    clock.advance(60_000)
    say(stream, 'old', 'a')
    await vi.waitFor(() => expect(server.sessions).toHaveLength(2))
    server.behaviour.onCommit = onCommit
    say(stream, 'new words', 'b')
    await saw({ type: 'final', itemId: 'b', text: 'new words' })
    expect(session(0).isClosed).toBe(false)
    late()
    await saw({ type: 'final', itemId: 'a', text: 'old' })
    await vi.waitFor(() => expect(session(0).isClosed).toBe(true))
    expect(of('warning')).toEqual([])
    expect(of('item-failed')).toEqual([])
  })

  test('that the vendor ends for its age is replaced', async () => {
    const { stream, saw } = await openReady()
    session().send({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'session_expired', message: 'bye' },
    })
    await vi.waitFor(() => expect(server.sessions).toHaveLength(2))
    say(stream, 'hello', 'a')
    await saw({ type: 'final', itemId: 'a', text: 'hello' })
  })
})

test('two streams of one provider hear their own words only', async () => {
  const listeners = await Promise.all(Array.from({ length: 8 }, () => openReady()))
  for (const [i, { stream }] of listeners.entries()) say(stream, `caller number ${i}`, 'a')
  await Promise.all(
    listeners.map(({ saw }, i) => saw({ type: 'final', itemId: 'a', text: `caller number ${i}` })),
  )
  for (const { of } of listeners) expect(of('final')).toHaveLength(1)
})

test('an error that concerns no span is a warning', async () => {
  const { saw } = await openReady()
  session().send({
    type: 'error',
    error: { type: 'invalid_request_error', code: 'invalid_value', message: 'odd' },
  })
  session().send({ type: 'rate_limits.updated', rate_limits: [] })
  await saw({ type: 'warning', setting: 'session', message: 'odd' })
})
