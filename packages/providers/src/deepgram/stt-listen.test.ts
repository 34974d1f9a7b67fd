import { createTestClock, type TestClock } from '@phonevoice/base'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SttPart, SttStream } from '../contract/index.ts'
import { type ServedSocket, type SocketServer, startSocketServer } from '../testing/socket-server.ts'
import type { DeepgramListenSttOptions } from './options.ts'
import { createDeepgramListenStt } from './stt-listen.ts'

let server: SocketServer
let clock: TestClock
const opened: SttStream[] = []

beforeEach(async () => {
  server = await startSocketServer()
  clock = createTestClock()
})

afterEach(async () => {
  for (const stream of opened.splice(0)) stream.close()
  await server.close()
  await vi.waitFor(() => expect(clock.pendingTimers).toBe(0))
})

async function open(options: Partial<DeepgramListenSttOptions> = {}, keywords: string[] = []) {
  const provider = createDeepgramListenStt({
    apiKey: 'dg-key',
    baseUrl: server.origin,
    model: 'nova-3',
    clock,
    ...options,
  })
  const parts: SttPart[] = []
  const stream = provider.open({ language: 'en-GB', keywords, onPart: (part) => parts.push(part) })
  opened.push(stream)
  await vi.waitFor(() => expect(parts).toContainEqual({ type: 'ready' }))
  return { stream, parts, vendor: server.sockets.at(-1) as ServedSocket }
}

const SECOND = new Uint8Array(8000)
const finals = (parts: readonly SttPart[]) => parts.filter(({ type }) => type === 'final')
const typesOf = (vendor: ServedSocket) => vendor.events.map(({ type }) => type)
/** A marker behind everything that was sent before. */
async function settled(vendor: ServedSocket, parts: readonly SttPart[]): Promise<void> {
  const mark = `mark ${parts.length}`
  vendor.send({ type: 'Error', description: mark })
  await vi.waitFor(() => expect(parts).toContainEqual({ type: 'warning', setting: 'session', message: mark }))
}

/** What was said between two seconds of the audio. */
function results(from: number, until: number, transcript: string, flags: object = {}) {
  return {
    type: 'Results',
    start: from,
    duration: until - from,
    is_final: true,
    speech_final: false,
    from_finalize: false,
    channel: { alternatives: [{ transcript, confidence: 0.9, words: [] }] },
    ...flags,
  }
}

describe('the connection', () => {
  test('asks for what a phone call needs, with the key in the header', async () => {
    const { vendor } = await open({}, ['Ada Lovelace', 'PhoneVoice'])
    expect(vendor.headers.authorization).toBe('Token dg-key')
    expect(vendor.url.pathname).toBe('/v1/listen')
    expect(Object.fromEntries(vendor.url.searchParams)).toMatchObject({
      model: 'nova-3',
      language: 'en-GB',
      encoding: 'mulaw',
      sample_rate: '8000',
      interim_results: 'true',
      endpointing: 'false',
    })
    expect(vendor.url.searchParams.getAll('keyterm')).toEqual(['Ada Lovelace', 'PhoneVoice'])
  })

  test('is kept alive in silence, and first of all with a little audio', async () => {
    const { stream, vendor } = await open()
    clock.advance(4000)
    await vi.waitFor(() => expect(vendor.audioBytes).toBe(800))
    clock.advance(4000)
    clock.advance(4000)
    await vi.waitFor(() => expect(typesOf(vendor)).toEqual(['KeepAlive', 'KeepAlive']))
    stream.sendAudio(SECOND)
    clock.advance(4000)
    expect(typesOf(vendor)).toHaveLength(2)
    clock.advance(4000)
    await vi.waitFor(() => expect(typesOf(vendor)).toHaveLength(3))
  })

  test('ends with CloseStream', async () => {
    const { stream, vendor } = await open()
    stream.close()
    await vi.waitFor(() => expect(vendor.isClosed).toBe(true))
    expect(typesOf(vendor)).toEqual(['CloseStream'])
  })

  test('that is lost is replaced, and what was not answered is sent again', async () => {
    const { stream, parts, vendor } = await open()
    stream.sendAudio(SECOND)
    stream.commit('a')
    stream.sendAudio(SECOND.subarray(0, 6400))
    await vi.waitFor(() => expect(vendor.audioBytes).toBe(14_400))
    vendor.cut()
    await vi.waitFor(() => expect(server.sockets[1]?.audioBytes).toBe(14_400))
    const second = server.sockets[1] as ServedSocket
    expect(typesOf(second)).toEqual(['Finalize'])
    second.send(results(0, 1, 'once more', { from_finalize: true }))
    await vi.waitFor(() => expect(finals(parts)).toEqual([{ type: 'final', itemId: 'a', text: 'once more' }]))
  })

  test('that cannot decode the audio is not tried again', async () => {
    const { parts, vendor } = await open()
    vendor.close(1008, 'DATA-0000')
    await vi.waitFor(() =>
      expect(parts.at(-1)).toMatchObject({ type: 'failed', category: 'invalid-request' }),
    )
    expect(server.sockets).toHaveLength(1)
  })
})

describe('a span', () => {
  test('is the final pieces in it, joined, and one final', async () => {
    const { stream, parts, vendor } = await open()
    for (let i = 0; i < 5; i++) stream.sendAudio(SECOND)
    vendor.send(results(0, 3, 'my number is'))
    vendor.send(results(3, 4.5, 'five', { is_final: false }))
    vendor.send(results(3, 4.8, 'five five'))
    await settled(vendor, parts)
    stream.commit('a')
    vendor.send(results(4.8, 5, 'five', { from_finalize: true }))
    await vi.waitFor(() =>
      expect(finals(parts)).toEqual([{ type: 'final', itemId: 'a', text: 'my number is five five five' }]),
    )
    expect(parts.filter(({ type }) => type === 'partial')).toContainEqual({
      type: 'partial',
      itemId: null,
      text: 'my number is five',
    })
  })

  test('gets no twin from a late answer to Finalize, nor does the next one get its words', async () => {
    const { stream, parts, vendor } = await open()
    stream.sendAudio(SECOND)
    vendor.send(results(0, 1, 'hello', { speech_final: true }))
    await settled(vendor, parts)
    stream.commit('a')
    await vi.waitFor(() => expect(finals(parts)).toHaveLength(1))
    stream.sendAudio(SECOND)
    stream.commit('b')
    vendor.send(results(0.9, 1, 'hello', { from_finalize: true }))
    vendor.send(results(1, 2, 'world', { from_finalize: true }))
    await vi.waitFor(() => expect(finals(parts)).toHaveLength(2))
    expect(finals(parts)).toEqual([
      { type: 'final', itemId: 'a', text: 'hello' },
      { type: 'final', itemId: 'b', text: 'world' },
    ])
  })

  test('is answered with what is known when Finalize is not', async () => {
    const { stream, parts, vendor } = await open()
    stream.sendAudio(SECOND)
    vendor.send(results(0, 0.8, 'yes please'))
    await settled(vendor, parts)
    stream.commit('a')
    clock.advance(599)
    await settled(vendor, parts)
    expect(finals(parts)).toEqual([])
    clock.advance(1)
    expect(finals(parts)).toEqual([{ type: 'final', itemId: 'a', text: 'yes please' }])
  })

  test('of which nothing was told fails at its deadline', async () => {
    const { stream, parts } = await open()
    stream.sendAudio(SECOND)
    stream.commit('a')
    clock.advance(5000)
    expect(parts).toContainEqual(expect.objectContaining({ type: 'item-failed', itemId: 'a' }))
  })

  test('of noise is empty', async () => {
    const { stream, parts, vendor } = await open()
    stream.sendAudio(SECOND)
    stream.commit('a')
    vendor.send(results(0, 1, '', { from_finalize: true }))
    await vi.waitFor(() => expect(finals(parts)).toEqual([{ type: 'final', itemId: 'a', text: '' }]))
  })

  test('of noise is empty soon, too, when Finalize is not answered', async () => {
    const { stream, parts, vendor } = await open()
    stream.sendAudio(SECOND)
    vendor.send(results(0, 0.8, '', { is_final: false }))
    await settled(vendor, parts)
    stream.commit('a')
    clock.advance(600)
    expect(finals(parts)).toEqual([{ type: 'final', itemId: 'a', text: '' }])
  })

  test('is billed by its seconds', async () => {
    const { stream, parts } = await open()
    stream.sendAudio(SECOND)
    stream.sendAudio(SECOND.subarray(0, 4000))
    stream.commit('a')
    expect(parts).toContainEqual({ type: 'usage', audioSeconds: 1.5 })
  })
})

test('malformed and unknown messages change nothing', async () => {
  const { parts, vendor } = await open()
  const count = parts.length
  for (const message of [
    {},
    [],
    { type: 'Results' },
    { type: 'Results', channel: { alternatives: 'none' } },
    { type: 'Metadata', request_id: 'r' },
    { type: 'SpeechStarted', channel: [0], timestamp: 1 },
    { type: 'UtteranceEnd', channel: [0, 1], last_word_end: -1 },
    { type: 'Results', is_final: true, start: 'x', duration: null, channel: null },
  ])
    vendor.send(message)
  await settled(vendor, parts)
  expect(parts).toHaveLength(count + 1)
})
