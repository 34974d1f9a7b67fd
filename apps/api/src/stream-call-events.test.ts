import { createTestClock } from '@phonevoice/base'
import type { StoredEvent } from '@phonevoice/contracts'
import { expect, test } from 'vitest'
import { streamCallEvents } from './stream-call-events.ts'

function setUp() {
  const clock = createTestClock()
  const log: StoredEvent[] = []
  const stop = new AbortController()
  const seen = { reads: 0, ends: 0, watchers: 0, onNews: () => {} }
  const stream = streamCallEvents({
    async read(after, limit) {
      seen.reads++
      return log.filter((event) => event.sequence > after).slice(0, limit)
    },
    watch(onNews) {
      seen.watchers++
      seen.onNews = onNews
      return () => void seen.watchers--
    },
    afterSequence: 0,
    timers: clock,
    signal: stop.signal,
    onEnd: () => void seen.ends++,
  })
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  const add = (type: StoredEvent['type']) =>
    log.push({
      id: `evt_${log.length + 1}`,
      callId: 'call_1',
      type,
      sequence: log.length + 1,
      occurredAtMs: 0,
      data: '{}',
    })
  /** Settles when the stream has looked at the log and waits. */
  const idle = () => expect.poll(() => clock.pendingTimers).toBe(1)
  return { clock, stop, seen, reader, add, idle }
}

test('news that gets lost is found by looking every two seconds', async () => {
  const { clock, reader, add, idle } = setUp()
  await reader.read()
  await idle()
  add('call.queued')
  clock.advance(2000)
  expect((await reader.read()).value).toContain('id: 1\nevent: call.queued\n')
})

test('a quiet stream says every fifteen seconds that it is there', async () => {
  const { clock, reader, seen, idle } = setUp()
  await reader.read()
  for (let looked = 1; looked <= 8; looked++) {
    await idle()
    expect(seen.reads).toBe(looked)
    clock.advance(2000)
  }
  expect((await reader.read()).value).toBe(': still here\n\n')
})

test('news that comes while it reads is not missed', async () => {
  const { reader, add, seen, idle } = setUp()
  await reader.read()
  await idle()
  for (let sequence = 1; sequence <= 20; sequence++) {
    add('transcription')
    seen.onNews()
    if (sequence % 3 === 0) await Promise.resolve()
  }
  let text = ''
  while (!text.includes('id: 20\n')) text += (await reader.read()).value
  expect([...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
})

test('after call.completed it ends, and lets go of everything once', async () => {
  const { reader, add, seen, clock } = setUp()
  add('call.completed')
  await reader.read()
  expect((await reader.read()).value).toContain('call.completed')
  expect((await reader.read()).done).toBe(true)
  expect(seen).toMatchObject({ ends: 1, watchers: 0 })
  expect(clock.pendingTimers).toBe(0)
})

test('it ends when the server closes, and when the reader leaves', async () => {
  const closing = setUp()
  await closing.reader.read()
  await closing.idle()
  closing.stop.abort()
  expect((await closing.reader.read()).done).toBe(true)
  expect(closing.seen.ends).toBe(1)

  const leaving = setUp()
  await leaving.reader.read()
  await leaving.idle()
  await leaving.reader.cancel()
  await expect.poll(() => leaving.seen).toMatchObject({ ends: 1, watchers: 0 })
  expect(leaving.clock.pendingTimers).toBe(0)
})
