import { describe, expect, test, vi } from 'vitest'
import {
  clock,
  open,
  openReady,
  say,
  server,
  session,
  useTranscriptionServer,
} from '../testing/realtime-stt-fixture.ts'

useTranscriptionServer()

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
