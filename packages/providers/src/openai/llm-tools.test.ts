import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LlmPart, LlmRequest } from '../contract/index.ts'
import { type Answer, type LoopbackServer, pieces, startHttpServer } from '../testing/http-server.ts'
import { createOpenAiLlm } from './llm.ts'

let server: LoopbackServer
beforeEach(async () => {
  server = await startHttpServer()
})
afterEach(() => server.close())

const line = (delta: unknown, finishReason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`

/** An event stream of these lines. */
const stream = (...lines: string[]): Answer => pieces('text/event-stream', lines)

async function partsOf(request: Partial<LlmRequest>): Promise<LlmPart[]> {
  const llm = createOpenAiLlm({ apiKey: null, baseUrl: `${server.origin}/v1`, model: 'm', isCustom: false })
  const parts: LlmPart[] = []
  const answer = llm.stream({
    messages: [{ role: 'user', content: 'Hello?' }],
    temperature: null,
    user: 'u',
    metadata: {},
    callId: 'call_1',
    firstTokenTimeoutMs: 2000,
    interTokenTimeoutMs: 1000,
    signal: new AbortController().signal,
    ...request,
  })
  for await (const part of answer) parts.push(part)
  return parts
}

test('tools go out as functions, and calls with their outputs as the wire names them', async () => {
  server.answerWith(stream(line({ content: 'Fine.' }), line({}, 'stop'), 'data: [DONE]\n\n'))
  const parameters = { type: 'object', properties: {} }
  await partsOf({
    tools: [{ name: 'look', description: 'Looks.', parameters }],
    messages: [
      { role: 'user', content: 'Look.' },
      { role: 'assistant', content: '', toolCalls: [{ id: 't1', name: 'look', arguments: '{}' }] },
      { role: 'tool', content: 'Nothing.', toolCallId: 't1' },
    ],
  })
  const body = JSON.parse(server.requests[0]?.body ?? '')
  expect(body.tools).toEqual([
    { type: 'function', function: { name: 'look', description: 'Looks.', parameters } },
  ])
  expect(body.messages.slice(1)).toEqual([
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 't1', type: 'function', function: { name: 'look', arguments: '{}' } }],
    },
    { role: 'tool', content: 'Nothing.', tool_call_id: 't1' },
  ])
})

test('no tools are mentioned where there are none', async () => {
  server.answerWith(stream(line({ content: 'Fine.' }), line({}, 'stop'), 'data: [DONE]\n\n'))
  await partsOf({ tools: [] })
  expect(JSON.parse(server.requests[0]?.body ?? '')).not.toHaveProperty('tools')
})

test('calls come whole, after the text and before the end, however they were cut', async () => {
  server.answerWith(
    stream(
      line({ content: 'One moment.' }),
      line({ tool_calls: [{ index: 0, id: 'a', function: { name: 'look', arguments: '{"x"' } }] }),
      line({ tool_calls: [{ index: 1, id: 'b', function: { name: 'order', arguments: '' } }] }),
      line({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
      line({}, 'tool_calls'),
      'data: [DONE]\n\n',
    ),
  )
  const parts = await partsOf({})
  expect(parts.filter((part) => part.type !== 'text-delta' || part.text !== '')).toEqual([
    { type: 'text-delta', text: 'One moment.' },
    {
      type: 'tool-calls',
      calls: [
        { id: 'a', name: 'look', arguments: '{"x":1}' },
        { id: 'b', name: 'order', arguments: '{}' },
      ],
    },
    expect.objectContaining({ type: 'finish', reason: 'tool-calls' }),
  ])
})
