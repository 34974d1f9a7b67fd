import { describe, expect, test, vi } from 'vitest'
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
import { createLlm, partsOf, requestOf, server, textOf, useChatServer } from '../testing/chat-fixture.ts'
import { json, pieces } from '../testing/http-server.ts'

useChatServer()

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
