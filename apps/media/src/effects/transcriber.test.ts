import { createTestClock } from '@phonevoice/base'
import type { SttPart, SttProvider } from '@phonevoice/providers/contract'
import { describe, expect, test } from 'vitest'
import { createTranscriber } from './transcriber.ts'

const sound = (value: number): Uint8Array => new Uint8Array(160).fill(value)

/** A recogniser that keeps what it was given and says what it is told to. */
function createRecogniser(name: string) {
  const given: string[] = []
  let onPart = (_: SttPart): void => {}
  const stt: SttProvider = {
    provider: name,
    model: 'm',
    capabilities: { partials: true, clientCommits: true },
    open(options) {
      onPart = options.onPart
      given.push('open')
      return {
        sendAudio: (mulaw) => given.push(`audio ${mulaw[0]}`),
        commit: (itemId) => given.push(`commit ${itemId}`),
        close: () => given.push('close'),
      }
    },
  }
  return { stt, given, say: (part: SttPart) => onPart(part) }
}

function setUp(recognisers: ReturnType<typeof createRecogniser>[]) {
  const told: string[] = []
  const clock = createTestClock()
  const transcriber = createTranscriber({
    providers: recognisers.map(({ stt }) => stt),
    language: 'en',
    keywords: [],
    onPartial: (_, text) => told.push(`partial ${text}`),
    onFinal: (itemId, text) => told.push(`${itemId} ${text}`),
    onItemFailed: (itemId) => told.push(`${itemId} failed`),
    onUsage: (provider, seconds) => told.push(`usage ${provider.provider} ${seconds}`),
    onWarning: () => {},
    onFailed: () => told.push('failed'),
    timers: clock,
  })
  return { told, clock, transcriber }
}

describe('a recogniser that dies', () => {
  test('is replaced by the next, which hears every span without a text again', () => {
    const [one, two] = [createRecogniser('one'), createRecogniser('two')]
    const { told, transcriber } = setUp([one, two])
    transcriber.send(sound(1))
    transcriber.commit('i1')
    one.say({ type: 'final', itemId: 'i1', text: 'Known.' })
    transcriber.send(sound(2))
    transcriber.commit('i2')
    transcriber.send(sound(3))
    one.say({ type: 'failed', category: 'connectivity', message: 'gone' })
    expect(two.given).toEqual(['open', 'audio 2', 'commit i2', 'audio 3'])
    two.say({ type: 'final', itemId: 'i2', text: 'Heard.' })
    one.say({ type: 'final', itemId: 'i2', text: 'too late' })
    expect(told).toEqual(['i1 Known.', 'i2 Heard.'])
  })

  test('without a successor is the end: everything owed fails', () => {
    const one = createRecogniser('one')
    const { told, transcriber } = setUp([one])
    transcriber.commit('i1')
    one.say({ type: 'failed', category: 'connectivity', message: 'gone' })
    transcriber.commit('i2')
    expect(told).toEqual(['failed', 'i1 failed', 'i2 failed'])
  })
})

describe('a recogniser that keeps a final text back', () => {
  test('is replaced after 1.2 s', () => {
    const [one, two] = [createRecogniser('one'), createRecogniser('two')]
    const { clock, transcriber } = setUp([one, two])
    transcriber.send(sound(1))
    transcriber.commit('i1')
    clock.advance(1199)
    expect(two.given).toEqual([])
    clock.advance(1)
    expect(one.given.at(-1)).toBe('close')
    expect(two.given).toEqual(['open', 'audio 1', 'commit i1'])
    transcriber.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('is waited for when there is nobody else', () => {
    const one = createRecogniser('one')
    const { told, clock, transcriber } = setUp([one])
    transcriber.commit('i1')
    clock.advance(4000)
    one.say({ type: 'final', itemId: 'i1', text: 'Slow.' })
    expect(told).toEqual(['i1 Slow.'])
  })

  test('is not blamed for silence when nothing is owed', () => {
    const [one, two] = [createRecogniser('one'), createRecogniser('two')]
    const { clock, transcriber } = setUp([one, two])
    transcriber.commit('i1')
    one.say({ type: 'final', itemId: 'i1', text: '' })
    clock.advance(10_000)
    expect(two.given).toEqual([])
  })
})
