import { describe, expect, test, vi } from 'vitest'
import {
  clock,
  open,
  openReady,
  say,
  server,
  session,
  typesOf,
  useTranscriptionServer,
} from '../testing/realtime-stt-fixture.ts'
import type { VendorSession } from '../testing/transcription-server.ts'

useTranscriptionServer()

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
