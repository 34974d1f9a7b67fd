import { createTestClock } from '@phonevoice/base'
import { describe, expect, test, vi } from 'vitest'
import type { LlmPart } from '../contract/index.ts'
import { choice, data, delta, doneLine, roleChunk, spoken } from '../testing/chat-answers.ts'
import {
  createLlm,
  failureOf,
  partsOf,
  requestOf,
  server,
  textOf,
  useChatServer,
} from '../testing/chat-fixture.ts'
import { json, pieces, startHttpServer } from '../testing/http-server.ts'

useChatServer()

describe('a failure', () => {
  test.each([
    [401, { error: { message: 'bad key', code: 'invalid_api_key' } }, 'authentication', 1],
    [403, {}, 'authorization', 1],
    [404, { error: { message: 'no model', code: 'model_not_found' } }, 'not-found', 1],
    [400, { error: 'a string' }, 'invalid-request', 1],
    [429, { error: { message: 'pay', code: 'insufficient_quota' } }, 'quota', 1],
    [429, { error: { message: 'slow', code: 'rate_limit_exceeded' } }, 'rate-limit', 2],
    [500, '<html>oops</html>', 'server', 2],
    [503, { error: { code: 503, message: 'Loading model' } }, 'server', 2],
  ])('of HTTP %i %j is %s after %i requests', async (status, body, category, requests) => {
    server.answerWith(json(status, body))
    const error = await failureOf(partsOf(createLlm({ provider: 'acme' })))
    expect(error).toMatchObject({ vendor: 'acme', operation: 'chat', category, status })
    expect(server.requests).toHaveLength(requests)
  })

  test('that passes is not noticed', async () => {
    server.answerWith((response) => void response.destroy(), spoken('Hi'))
    expect(await textOf(createLlm())).toBe('Hi')
    server.answerWith(json(429, {}, { 'retry-after-ms': '1' }), spoken('Hi again'))
    expect(await textOf(createLlm())).toBe('Hi again')
  })

  test('that wants more patience than a caller has is not repeated', async () => {
    server.answerWith(json(429, {}, { 'retry-after': '30' }))
    expect((await failureOf(partsOf(createLlm()))).category).toBe('rate-limit')
    expect(server.requests).toHaveLength(1)
  })

  test('inside a stream is thrown after what was said, and nothing is repeated', async () => {
    server.answerWith(
      pieces('text/event-stream', [
        delta('Hel'),
        data({ error: { code: 502, message: 'upstream died' }, choices: [choice({}, 'error')] }),
      ]),
    )
    const heard: LlmPart[] = []
    const work = (async () => {
      for await (const part of createLlm().stream(requestOf())) heard.push(part)
    })()
    expect(await failureOf(work)).toMatchObject({
      category: 'server',
      vendorCode: '502',
      context: { customer: { vendorMessage: 'upstream died' } },
    })
    expect(heard).toEqual([{ type: 'text-delta', text: 'Hel' }])
    expect(server.requests).toHaveLength(1)
  })

  test('of the connection inside a stream is thrown', async () => {
    server.answerWith(pieces('text/event-stream', [delta('Hel')], 'reset'))
    expect((await failureOf(partsOf(createLlm()))).category).toBe('connectivity')
  })

  test.each([
    ['an empty body', pieces('text/event-stream', [])],
    ['a web page', pieces('text/html', ['<html>\n<body>Welcome</body>\n</html>'])],
    ['a JSON document about something else', json(200, { ok: true })],
  ])('is what %s under 200 is', async (_, answer) => {
    server.answerWith(answer)
    expect((await failureOf(partsOf(createLlm()))).category).toBe('server')
  })

  test('is what an endless line is', async () => {
    server.answerWith(
      pieces(
        'text/event-stream',
        Array.from({ length: 30 }, () => 'x'.repeat(50_000)),
        'hang',
      ),
    )
    expect((await failureOf(partsOf(createLlm()))).message).toMatch(/million/)
  })

  test('to connect is a matter of connectivity', async () => {
    const gone = await startHttpServer()
    await gone.close()
    expect((await failureOf(partsOf(createLlm({ baseUrl: gone.origin })))).category).toBe('connectivity')
  })
})

describe('time', () => {
  test('runs out before the first words', async () => {
    const clock = createTestClock()
    server.answerWith(pieces('text/event-stream', [': still loading\n\n', roleChunk], 'hang'))
    const failure = failureOf(partsOf(createLlm({ clock }), { firstTokenTimeoutMs: 3_000 }))
    await vi.waitFor(() => expect(server.requests).toHaveLength(1))
    clock.advance(2_999)
    expect(server.requests[0]?.isGivenUp).toBe(false)
    clock.advance(1)
    expect((await failure).category).toBe('timeout')
    await vi.waitFor(() => expect(server.requests[0]?.isGivenUp).toBe(true))
    expect(server.requests).toHaveLength(1)
    expect(clock.pendingTimers).toBe(0)
  })

  test('runs out between words, and only while waiting for them', async () => {
    const clock = createTestClock()
    server.answerWith(pieces('text/event-stream', [delta('one'), delta('two')], 'hang'))
    const iterator = createLlm({ clock })
      .stream(requestOf({ interTokenTimeoutMs: 500 }))
      [Symbol.asyncIterator]()
    await iterator.next()
    clock.advance(5_000)
    expect((await iterator.next()).value).toEqual({ type: 'text-delta', text: 'two' })
    const failure = failureOf(iterator.next())
    clock.advance(500)
    expect(await failure).toMatchObject({ category: 'timeout' })
    expect(clock.pendingTimers).toBe(0)
  })

  test('runs out for a whole answer after ten times the first deadline', async () => {
    const clock = createTestClock()
    server.answerWith(pieces('text/event-stream', [delta('one')], 'hang'))
    const iterator = createLlm({ clock })
      .stream(requestOf({ interTokenTimeoutMs: 99_000 }))
      [Symbol.asyncIterator]()
    await iterator.next()
    const failure = failureOf(iterator.next())
    clock.advance(20_000)
    expect((await failure).message).toMatch(/whole answer/)
  })

  test('is left for a model that reasons between its words', async () => {
    const clock = createTestClock()
    const thought = data({ choices: [choice({ reasoning: 'hm' })] })
    let next = () => {}
    server.answerWith(async (response) => {
      response.writeHead(200).write(delta('one'))
      for (const chunk of [thought, thought, delta('two') + doneLine]) {
        await new Promise<void>((resolve) => {
          next = resolve
        })
        response.write(chunk)
      }
      response.end()
    })
    const arming = vi.spyOn(clock, 'after')
    const parts = partsOf(createLlm({ clock }), { interTokenTimeoutMs: 500 })
    // A whole answer, the first words, and one pause after each of: the first words, two thoughts.
    for (const armed of [3, 4, 5]) {
      await vi.waitFor(() => expect(arming).toHaveBeenCalledTimes(armed))
      clock.advance(400)
      next()
    }
    expect((await parts).map((part) => part.type)).toEqual(['text-delta', 'text-delta', 'finish'])
  })
})

describe('an abort', () => {
  test('ends an answer silently and gives up the connection', async () => {
    server.answerWith(pieces('text/event-stream', [delta('one')], 'hang'))
    const controller = new AbortController()
    const parts: LlmPart[] = []
    for await (const part of createLlm().stream(requestOf({ signal: controller.signal }))) {
      parts.push(part)
      controller.abort()
    }
    expect(parts).toEqual([{ type: 'text-delta', text: 'one' }])
    await vi.waitFor(() => expect(server.requests[0]?.isGivenUp).toBe(true))
  })

  test('ends a request that has no answer yet', async () => {
    server.answerWith(() => {})
    const controller = new AbortController()
    const parts = partsOf(createLlm(), { signal: controller.signal })
    await vi.waitFor(() => expect(server.requests).toHaveLength(1))
    controller.abort()
    expect(await parts).toEqual([])
    await vi.waitFor(() => expect(server.requests[0]?.isGivenUp).toBe(true))
  })

  test('ends even a fetch that does not listen', async () => {
    const controller = new AbortController()
    const parts = partsOf(createLlm({ fetch: () => new Promise(() => {}) }), { signal: controller.signal })
    controller.abort()
    expect(await parts).toEqual([])
  })

  test('before the beginning sends nothing', async () => {
    expect(await partsOf(createLlm(), { signal: AbortSignal.abort() })).toEqual([])
    expect(server.requests).toHaveLength(0)
  })
})
