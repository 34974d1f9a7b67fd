import { createTestClock, ProviderError } from '@phonevoice/base'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LlmJsonRequest } from '../contract/index.ts'
import { delta, doneLine } from '../testing/chat-answers.ts'
import { type Answer, json, type LoopbackServer, pieces, startHttpServer } from '../testing/http-server.ts'
import { createOpenAiLlm } from './llm.ts'
import { isStrictSchema } from './llm-json.ts'
import type { OpenAiLlmOptions } from './options.ts'

let server: LoopbackServer
beforeEach(async () => {
  server = await startHttpServer()
})
afterEach(() => server.close())

const schema = {
  type: 'object',
  properties: { mood: { type: 'string' } },
  required: ['mood'],
  additionalProperties: false,
}

function complete(options: Partial<OpenAiLlmOptions> = {}, overrides: Partial<LlmJsonRequest> = {}) {
  const llm = createOpenAiLlm({
    apiKey: 'k',
    baseUrl: server.origin,
    model: 'm',
    isCustom: false,
    ...options,
  })
  return llm.completeJson({
    messages: [{ role: 'user', content: 'How was it?' }],
    schemaName: 'analysis',
    schema,
    user: 'u',
    metadata: {},
    callId: 'call_1',
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    ...overrides,
  })
}

const answering = (content: string): Answer =>
  json(200, {
    choices: [{ message: { content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 3 },
  })
const bodies = () => server.requests.map(({ body }) => JSON.parse(body))

test('asks for the schema and parses the answer', async () => {
  server.answerWith(answering('{"mood":"good"}'))
  expect(await complete()).toEqual({
    value: { mood: 'good' },
    usage: { inputTokens: 9, cachedInputTokens: 0, outputTokens: 3, isMeasured: true },
  })
  expect(bodies()[0]).toMatchObject({
    stream: false,
    messages: [{ role: 'user', content: 'How was it?' }],
    response_format: { type: 'json_schema', json_schema: { name: 'analysis', schema, strict: true } },
  })
})

test('asks in looser forms, with the schema in words, where the server refuses the stricter', async () => {
  const refusal = json(400, { error: { message: 'response_format is not supported' } })
  server.answerWith(refusal, refusal, answering('{"mood":"good"}'))
  expect((await complete()).value).toEqual({ mood: 'good' })
  expect(bodies().map((body) => body.response_format?.type)).toEqual([
    'json_schema',
    'json_object',
    undefined,
  ])
  expect(bodies()[2].messages[1]).toMatchObject({
    role: 'system',
    content: expect.stringContaining('"mood"'),
  })
})

test("gives a user's own endpoint the schema in words at once", async () => {
  server.answerWith(answering('{"mood":"good"}'))
  await complete({ isCustom: true })
  expect(bodies()[0]).toMatchObject({ user: 'u', metadata: { call_id: 'call_1' } })
  expect(bodies()[0].messages).toHaveLength(2)
})

test.each([
  ['a code fence', 'Here you are:\n```json\n{"mood":"a } in a string"}\n```', { mood: 'a } in a string' }],
  ['reasoning', '<think>maybe {"mood":"bad"}?</think>{"mood":"good"}', { mood: 'good' }],
  ['braces that are no JSON', 'I {really} think { "mood": "good" }.', { mood: 'good' }],
])('finds the object in %s', async (_, content, value) => {
  server.answerWith(answering(content))
  expect((await complete()).value).toEqual(value)
})

test('reads an endpoint that streams all the same', async () => {
  server.answerWith(pieces('text/event-stream', [delta('{"mood"'), delta(':"good"}'), doneLine]))
  expect(await complete({ isCustom: true })).toMatchObject({
    value: { mood: 'good' },
    usage: { isMeasured: false },
  })
})

test('repeats a passing failure once', async () => {
  server.answerWith(json(500, {}), answering('{"mood":"good"}'))
  expect((await complete()).value).toEqual({ mood: 'good' })
  server.answerWith(json(503, {}))
  await expect(complete()).rejects.toMatchObject({ category: 'server', status: 503 })
  expect(server.requests).toHaveLength(4)
})

test.each([
  ['prose', answering('It went well.'), 'server'],
  ['an array', answering('["good"]'), 'server'],
  ['a refusal of the key', json(401, {}), 'authentication'],
  ['an error under 200', json(200, { error: { message: 'no', code: 'insufficient_quota' } }), 'quota'],
])('fails on %s', async (_, answer, category) => {
  server.answerWith(answer)
  const error = await complete().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ProviderError)
  expect(error).toMatchObject({ category })
})

test('stops at its deadline', async () => {
  const clock = createTestClock()
  server.answerWith(() => {})
  const failure = complete({ clock }).catch((thrown: unknown) => thrown)
  await vi.waitFor(() => expect(server.requests).toHaveLength(1))
  clock.advance(5_000)
  expect(await failure).toMatchObject({ category: 'timeout' })
  expect(clock.pendingTimers).toBe(0)
  await vi.waitFor(() => expect(server.requests[0]?.isGivenUp).toBe(true))
})

test('calls a schema strict only when nothing in it is optional or open', () => {
  expect(isStrictSchema(schema)).toBe(true)
  expect(isStrictSchema({ ...schema, required: [] })).toBe(false)
  expect(isStrictSchema({ ...schema, additionalProperties: true })).toBe(false)
  expect(isStrictSchema({ ...schema, properties: { mood: { type: 'object' } } })).toBe(false)
  expect(
    isStrictSchema({
      ...schema,
      properties: { mood: { type: 'array', items: { ...schema, required: [] } } },
    }),
  ).toBe(false)
})
