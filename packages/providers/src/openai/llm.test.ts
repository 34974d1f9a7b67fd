import { createTestClock, ProviderError } from '@phonevoice/base'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { LlmPart, LlmProvider, LlmRequest } from '../contract/index.ts'
import {
  choice,
  data,
  delta,
  doneLine,
  roleChunk,
  spoken,
  stopChunk,
  usageChunk,
} from '../testing/chat-answers.ts'
import { json, type LoopbackServer, pieces, startHttpServer } from '../testing/http-server.ts'
import { createOpenAiLlm } from './llm.ts'
import type { OpenAiLlmOptions } from './options.ts'

let server: LoopbackServer
beforeEach(async () => {
  server = await startHttpServer()
})
afterEach(() => server.close())

function createLlm(options: Partial<OpenAiLlmOptions> = {}): LlmProvider {
  return createOpenAiLlm({
    apiKey: 'sk-test',
    baseUrl: `${server.origin}/v1`,
    model: 'm',
    isCustom: false,
    ...options,
  })
}

function requestOf(overrides: Partial<LlmRequest> = {}): LlmRequest {
  return {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello?' },
    ],
    temperature: 0.5,
    user: 'person_1',
    metadata: { assistant_id: 'asst_1' },
    callId: 'call_1',
    firstTokenTimeoutMs: 2_000,
    interTokenTimeoutMs: 1_000,
    signal: new AbortController().signal,
    ...overrides,
  }
}

async function partsOf(llm: LlmProvider, overrides: Partial<LlmRequest> = {}): Promise<LlmPart[]> {
  const parts: LlmPart[] = []
  for await (const part of llm.stream(requestOf(overrides))) parts.push(part)
  return parts
}

async function textOf(llm: LlmProvider, overrides: Partial<LlmRequest> = {}): Promise<string> {
  return (await partsOf(llm, overrides)).map((part) => (part.type === 'text-delta' ? part.text : '')).join('')
}

async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ProviderError)
  return error as ProviderError
}

describe('a request', () => {
  test('asks OpenAI for a stream with usage, and tells it no more than an opaque id', async () => {
    server.answerWith(spoken('Hi'))
    await partsOf(createLlm({ reasoningEffort: 'none' }))
    const [request] = server.requests
    expect(request).toMatchObject({ method: 'POST', url: '/v1/chat/completions' })
    expect(request?.headers.authorization).toBe('Bearer sk-test')
    expect(request?.headers['phonevoice-call-id']).toBeUndefined()
    expect(Object.keys(request?.headers ?? {}).filter((name) => name.startsWith('x-stainless'))).toEqual([])
    expect(JSON.parse(request?.body ?? '')).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello?' },
      ],
      reasoning_effort: 'none',
      safety_identifier: 'person_1',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
    })
  })

  test("gives a user's own endpoint user, metadata, call id and a signature over the exact body", async () => {
    server.answerWith(spoken('Hi'))
    const signed: string[] = []
    const llm = createLlm({
      isCustom: true,
      apiKey: null,
      baseUrl: `${server.origin}/my/llm/?tenant=a%20b&tenant=2`,
      headers: { 'x-team': 'blue', 'content-type': 'text/plain', authorization: 'Basic abc' },
      signRequest: (body) => {
        signed.push(body)
        return { 'phonevoice-signature': `t=1,v1=${body.length}` }
      },
    })
    expect(llm.provider).toBe('custom')
    await partsOf(llm, { temperature: null })
    const [request] = server.requests
    expect(request?.url).toBe('/my/llm/chat/completions?tenant=a%20b&tenant=2')
    expect(request?.headers).toMatchObject({
      'x-team': 'blue',
      'content-type': 'application/json',
      authorization: 'Basic abc',
      'phonevoice-call-id': 'call_1',
      'phonevoice-signature': `t=1,v1=${request?.body.length}`,
    })
    expect(signed).toEqual([request?.body])
    const body = JSON.parse(request?.body ?? '')
    expect(body).toMatchObject({ user: 'person_1', metadata: { call_id: 'call_1', assistant_id: 'asst_1' } })
    expect(body).not.toHaveProperty('temperature')
    expect(body).not.toHaveProperty('safety_identifier')
  })

  test('goes to a pasted full address as it is, without a key where there is none', async () => {
    server.answerWith(spoken('Hi'))
    await partsOf(
      createLlm({ isCustom: true, apiKey: null, baseUrl: `${server.origin}/x/chat/completions?k=1` }),
    )
    expect(server.requests[0]?.url).toBe('/x/chat/completions?k=1')
    expect(server.requests[0]?.headers.authorization).toBeUndefined()
  })

  test('leaves out what the server refuses, says so once, and remembers it', async () => {
    const refusal = {
      error: {
        message: "Unsupported value: 'temperature'",
        type: 'invalid_request_error',
        param: 'temperature',
      },
    }
    server.answerWith(json(400, refusal), spoken('Hi'))
    const llm = createLlm()
    expect(await partsOf(llm)).toMatchObject([
      { type: 'warning', setting: 'temperature' },
      { type: 'text-delta', text: 'Hi' },
      { type: 'finish' },
    ])
    expect(await partsOf(llm)).toMatchObject([{ type: 'text-delta' }, { type: 'finish' }])
    expect(server.requests.map(({ body }) => 'temperature' in JSON.parse(body))).toEqual([true, false, false])
  })
})

describe('an answer', () => {
  test('arrives in pieces and ends with the usage', async () => {
    server.answerWith(spoken('Sure', ', two ', 'pizzas.'))
    expect(await partsOf(createLlm())).toEqual([
      { type: 'text-delta', text: 'Sure' },
      { type: 'text-delta', text: ', two ' },
      { type: 'text-delta', text: 'pizzas.' },
      {
        type: 'finish',
        reason: 'stop',
        usage: { inputTokens: 31, cachedInputTokens: 7, outputTokens: 2, isMeasured: true },
      },
    ])
  })

  test('is heard as soon as its first piece is there', async () => {
    server.answerWith(pieces('text/event-stream', [delta('Well')], 'hang'))
    const iterator = createLlm().stream(requestOf())[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toEqual({ type: 'text-delta', text: 'Well' })
    await iterator.return?.()
    await vi.waitFor(() => expect(server.requests[0]?.isGivenUp).toBe(true))
  })

  const hello = (line: string) => line.replaceAll('\n', '\r\n')
  test.each<[string, string[]]>([
    ['without [DONE]', [delta('Hel'), delta('lo'), stopChunk]],
    ['without a final blank line', [delta('Hel'), delta('lo').trimEnd()]],
    [
      'without any blank lines',
      [delta('Hel').replace('\n\n', '\n'), delta('lo').replace('\n\n', '\n'), doneLine],
    ],
    ['with CRLF', [hello(delta('Hel')), hello(delta('lo')), hello(doneLine)]],
    ['with bare CR', [delta('Hel').replaceAll('\n', '\r'), delta('lo').replaceAll('\n', '\r')]],
    ['without a space after data:', [delta('Hello').replace('data: ', 'data:')]],
    [
      'with comments and unknown events',
      [': ping\n\n', 'event: ping\ndata: still here\n\n', delta('Hello'), ': bye\n\n'],
    ],
    [
      'with chunks that have no choices',
      [usageChunk, delta('Hel'), data({ choices: [] }), data(null), delta('lo')],
    ],
    [
      'with reasoning beside it',
      [
        data({ choices: [choice({ reasoning_content: 'hm' })] }),
        data({ choices: [choice({ reasoning: 'hm' })] }),
        delta('Hello'),
      ],
    ],
    ['with reasoning inside it', ['<th', 'ink>secret', ' thoughts</thi', 'nk>\n\nHel', 'lo'].map(delta)],
    ['as parts', [data({ choices: [choice({ content: [{ type: 'text', text: 'Hello' }] })] })]],
    [
      'as one JSON document',
      [
        JSON.stringify({
          choices: [{ message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
        }),
      ],
    ],
    ['as a document with space before it', ['\n ', ' {"choices":[{"message":{"content":', '"Hello"}}]}']],
    [
      'with a role chunk and an empty finish reason',
      [roleChunk, data({ choices: [choice({ content: 'Hello' }, '')] }), doneLine],
    ],
  ])('is understood %s', async (_, chunks) => {
    server.answerWith(pieces('text/event-stream', chunks))
    expect(await textOf(createLlm())).toBe('Hello')
  })

  test('is understood however its bytes are cut', async () => {
    const bytes = Buffer.from(
      [delta('Ça va, '), ': x\r\n\r\n', delta('naïve 🙂'), stopChunk, doneLine].join(''),
    )
    for (const size of [1, 2, 3, 7, 64]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      server.answerWith(pieces('text/plain', chunks))
      expect(await textOf(createLlm())).toBe('Ça va, naïve 🙂')
    }
  })

  test('takes usage from the last content chunk', async () => {
    const last = {
      choices: [choice({ content: 'Hi' }, 'length')],
      usage: { prompt_tokens: 5, completion_tokens: 1 },
    }
    server.answerWith(pieces('text/event-stream', [data(last), doneLine]))
    expect((await partsOf(createLlm())).at(-1)).toEqual({
      type: 'finish',
      reason: 'length',
      usage: { inputTokens: 5, cachedInputTokens: 0, outputTokens: 1, isMeasured: true },
    })
  })

  test('has its usage estimated, and marked so, when the server counts nothing', async () => {
    server.answerWith(pieces('text/event-stream', [delta('Twelve chars'), doneLine]))
    expect((await partsOf(createLlm())).at(-1)).toEqual({
      type: 'finish',
      reason: 'other',
      usage: { inputTokens: 13, cachedInputTokens: 0, outputTokens: 3, isMeasured: false },
    })
  })

  test('does not mix with another that runs at the same time', async () => {
    server.answerWith(async (response, request) => {
      const words = JSON.parse(request.body).messages.at(-1).content.split(' ')
      await pieces('text/event-stream', [...words.map((word: string) => delta(`${word} `)), doneLine])(
        response,
        request,
      )
    })
    const llm = createLlm()
    const said = Array.from({ length: 10 }, (_, i) => `call ${i} says word${i} and again word${i} `)
    const heard = await Promise.all(
      said.map((content) => textOf(llm, { messages: [{ role: 'user', content: content.trimEnd() }] })),
    )
    expect(heard).toEqual(said)
  })
})

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
    const { origin } = server
    await server.close()
    expect((await failureOf(partsOf(createLlm({ baseUrl: origin })))).category).toBe('connectivity')
    server = await startHttpServer()
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
