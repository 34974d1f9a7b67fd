import { createTestClock, type TestClock } from '@phonevoice/base'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SttPart, SttStream } from '../contract/index.ts'
import { type ServedSocket, type SocketServer, startSocketServer } from '../testing/socket-server.ts'
import type { DeepgramFluxSttOptions } from './options.ts'
import { createDeepgramFluxStt } from './stt-flux.ts'

let server: SocketServer
let clock: TestClock
const opened: SttStream[] = []

beforeEach(async () => {
  server = await startSocketServer()
  server.onOpen = (socket) => socket.send({ type: 'Connected', request_id: 'r', sequence_id: 0 })
  clock = createTestClock()
})

afterEach(async () => {
  for (const stream of opened.splice(0)) stream.close()
  await server.close()
  await vi.waitFor(() => expect(clock.pendingTimers).toBe(0))
})

async function open(options: Partial<DeepgramFluxSttOptions> = {}, language = 'en-US') {
  const provider = createDeepgramFluxStt({
    apiKey: 'dg-key',
    baseUrl: server.origin,
    model: 'flux-general-en',
    clock,
    ...options,
  })
  const parts: SttPart[] = []
  const stream = provider.open({ language, keywords: ['Ada'], onPart: (part) => parts.push(part) })
  opened.push(stream)
  await vi.waitFor(() => expect(parts).toContainEqual({ type: 'ready' }))
  const vendor = server.sockets.at(-1) as ServedSocket
  return {
    stream,
    parts,
    vendor,
    /** Tells something and waits until it has arrived: every TurnInfo here has another text. */
    tell: async (info: ReturnType<typeof turnInfo>, isHeard: () => boolean) => {
      vendor.send(info)
      await vi.waitFor(() => expect(isHeard()).toBe(true))
    },
  }
}

const silence = (seconds: number) => new Uint8Array(seconds * 8000)
const finals = (parts: readonly SttPart[]) =>
  parts.flatMap((part) => (part.type === 'final' ? [[part.itemId, part.text]] : []))
const partials = (parts: readonly SttPart[]) =>
  parts.flatMap((part) => (part.type === 'partial' ? [[part.itemId, part.text]] : []))
const turns = (parts: readonly SttPart[]) =>
  parts.flatMap((part) => (part.type === 'turn' ? [part.signal] : []))
const typesOf = (vendor: ServedSocket) => vendor.events.map(({ type }) => type)

/** `words` as `[text, start, end]`, in seconds. */
function turnInfo(event: string, windowEnd: number, words: readonly (readonly [string, number, number])[]) {
  return {
    type: 'TurnInfo',
    event,
    turn_index: 0,
    audio_window_start: 0,
    audio_window_end: windowEnd,
    transcript: words.map(([text]) => text).join(' '),
    words: words.map(([text, start, end]) => ({
      word: text.toLowerCase().replace(/\W/g, ''),
      confidence: 0.9,
      start,
      end,
    })),
    end_of_turn_confidence: 0.5,
  }
}

describe('the connection', () => {
  test('sends only what Flux knows, and says that it needs silence', async () => {
    const { vendor } = await open()
    expect(vendor.url.pathname).toBe('/v2/listen')
    expect(Object.fromEntries(vendor.url.searchParams)).toEqual({
      model: 'flux-general-en',
      encoding: 'mulaw',
      sample_rate: '8000',
      eager_eot_threshold: '0.4',
      keyterm: 'Ada',
    })
    const { capabilities } = createDeepgramFluxStt({ apiKey: null, baseUrl: server.origin, model: 'm' })
    expect(capabilities).toMatchObject({ clientCommits: false, needsContinuousAudio: true })
  })

  test('tells the multilingual model which language to expect', async () => {
    const { vendor } = await open({ model: 'flux-general-multi', eagerEndOfTurnThreshold: null }, 'fr-FR')
    expect(vendor.url.searchParams.get('language_hint')).toBe('fr')
    expect(vendor.url.searchParams.has('eager_eot_threshold')).toBe(false)
  })

  test('is used when the vendor says so, not before', async () => {
    server.onOpen = () => {}
    const parts: SttPart[] = []
    const stream = createDeepgramFluxStt({ apiKey: 'k', baseUrl: server.origin, model: 'm', clock }).open({
      language: 'en',
      keywords: [],
      onPart: (part) => parts.push(part),
    })
    opened.push(stream)
    stream.sendAudio(silence(0.8))
    await vi.waitFor(() => expect(server.sockets).toHaveLength(1))
    expect(parts).toEqual([])
    expect(server.sockets[0]?.audioBytes).toBe(0)
    server.sockets[0]?.send({ type: 'Connected' })
    await vi.waitFor(() => expect(server.sockets[0]?.audioBytes).toBe(6400))
  })

  test('carries audio in frames of 80 ms, and all of it at a commit', async () => {
    const { stream, vendor } = await open()
    for (let i = 0; i < 3; i++) stream.sendAudio(silence(0.02))
    stream.sendAudio(silence(0.02))
    await vi.waitFor(() => expect(vendor.audioBytes).toBe(640))
    stream.sendAudio(silence(0.02))
    stream.commit('a')
    await vi.waitFor(() => expect(vendor.audioBytes).toBe(800))
  })
})

test('the turn’s signals come in the vendor’s order', async () => {
  const { parts, vendor } = await open()
  for (const event of [
    'Update',
    'StartOfTurn',
    'EagerEndOfTurn',
    'TurnResumed',
    'EagerEndOfTurn',
    'EndOfTurn',
  ])
    vendor.send(turnInfo(event, 1, [['Hi', 0.2, 0.4]]))
  await vi.waitFor(() => expect(turns(parts)).toHaveLength(5))
  expect(turns(parts)).toEqual(['started', 'eager-end', 'resumed', 'eager-end', 'end'])
})

describe('a span', () => {
  test('is answered by the end of its turn, before or after the commit', async () => {
    const { stream, parts, vendor } = await open()
    stream.sendAudio(silence(1))
    vendor.send(turnInfo('EagerEndOfTurn', 0.9, [['Hello.', 0.2, 0.6]]))
    await vi.waitFor(() => expect(turns(parts)).toEqual(['eager-end']))
    stream.commit('a')
    await vi.waitFor(() => expect(finals(parts)).toEqual([['a', 'Hello.']]))
    vendor.send(turnInfo('EndOfTurn', 1.2, [['Hello.', 0.2, 0.6]]))
    stream.sendAudio(silence(2))
    stream.commit('b')
    vendor.send(turnInfo('EndOfTurn', 3, [['Goodbye.', 2.2, 2.7]]))
    await vi.waitFor(() => expect(finals(parts)).toHaveLength(2))
    expect(finals(parts)[1]).toEqual(['b', 'Goodbye.'])
  })

  test('is not answered by the end of the speech before it', async () => {
    const { stream, parts, vendor } = await open()
    stream.sendAudio(silence(1))
    stream.commit('a')
    vendor.send(turnInfo('EndOfTurn', 1.1, [['Hello.', 0.2, 0.8]]))
    await vi.waitFor(() => expect(finals(parts)).toHaveLength(1))
    stream.sendAudio(silence(0.3))
    stream.commit('b')
    vendor.send(turnInfo('Update', 1.2, []))
    vendor.send(turnInfo('StartOfTurn', 1.25, [['Yes.', 1.1, 1.25]]))
    await vi.waitFor(() => expect(partials(parts)).toContainEqual(['b', 'Yes.']))
    expect(finals(parts)).toHaveLength(1)
    vendor.send(turnInfo('EndOfTurn', 1.5, [['Yes.', 1.1, 1.25]]))
    await vi.waitFor(() => expect(finals(parts)[1]).toEqual(['b', 'Yes.']))
  })

  test('has its own part of a turn that goes on', async () => {
    const { stream, parts, vendor } = await open({ settleMs: 400 })
    stream.sendAudio(silence(1))
    stream.commit('a')
    const first = [['My', 0.1, 0.3] as const, ['number', 0.3, 0.6] as const, ['is', 0.6, 0.8] as const]
    stream.sendAudio(silence(0.3))
    vendor.send(turnInfo('Update', 1.2, first))
    await vi.waitFor(() => expect(partials(parts)).toEqual([['a', 'My number is']]))
    expect(finals(parts)).toEqual([])
    clock.advance(400)
    expect(finals(parts)).toEqual([['a', 'My number is']])
    stream.sendAudio(silence(1))
    vendor.send(turnInfo('Update', 2.2, [...first, ['five', 1.6, 1.9]]))
    await vi.waitFor(() => expect(partials(parts)).toContainEqual([null, 'five']))
    stream.commit('b')
    vendor.send(turnInfo('EndOfTurn', 2.6, [...first, ['five', 1.6, 1.9], ['five.', 1.9, 2.1]]))
    await vi.waitFor(() => expect(finals(parts)[1]).toEqual(['b', 'five five.']))
  })

  test('that the model has not heard to its end is ended by force', async () => {
    const { stream, parts, vendor } = await open({ settleMs: 400 })
    stream.sendAudio(silence(1))
    stream.commit('a')
    vendor.send(turnInfo('StartOfTurn', 0.5, [['Wait', 0.2, 0.5]]))
    await vi.waitFor(() => expect(turns(parts)).toEqual(['started']))
    expect(typesOf(vendor)).toEqual([])
    clock.advance(400)
    await vi.waitFor(() => expect(typesOf(vendor)).toEqual(['ForceEndTurn']))
    vendor.send(turnInfo('EndOfTurn', 0.8, [['Wait.', 0.2, 0.6]]))
    await vi.waitFor(() => expect(finals(parts)).toEqual([['a', 'Wait.']]))
  })

  test('fails at its deadline when nothing comes', async () => {
    const { stream, parts } = await open()
    stream.sendAudio(silence(1))
    stream.commit('a')
    clock.advance(5000)
    expect(parts).toContainEqual(expect.objectContaining({ type: 'item-failed', itemId: 'a' }))
  })

  test('finds its words without their times, too', async () => {
    const { stream, parts, vendor } = await open()
    stream.sendAudio(silence(1))
    stream.commit('a')
    vendor.send({
      ...turnInfo('EndOfTurn', 1, []),
      transcript: 'Two large pizzas.',
      words: [{ word: 'two', confidence: 1 }],
    })
    await vi.waitFor(() => expect(finals(parts)).toEqual([['a', 'Two large pizzas.']]))
  })
})

test('an error ends the session, which is replaced once', async () => {
  const { parts, vendor } = await open()
  vendor.send({ type: 'Error', code: 'INTERNAL_SERVER_ERROR', description: 'Something broke.' })
  await vi.waitFor(() => expect(server.sockets).toHaveLength(2))
  server.sockets[1]?.send({ type: 'Error', code: 'INTERNAL_SERVER_ERROR', description: 'Again.' })
  await vi.waitFor(() =>
    expect(parts.at(-1)).toEqual({ type: 'failed', category: 'server', message: 'Again.' }),
  )
})
