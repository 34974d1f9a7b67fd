import { randomBytes } from 'node:crypto'
import { type Answer, answer } from './answer.ts'
import type { ChatRequest } from './chat-request.ts'
import type { Completion } from './chat-stream.ts'
import { countTokens, toTokens } from './tokens.ts'

/** Answers a request whole, limits applied; how it is sent is somebody else's concern. */
export function complete(request: ChatRequest, nowMs: number): Completion {
  const { limited, finishReason } = limit(answer(request), request)
  const completionTokens = countTokens(textOf(limited))
  const promptTokens = countTokens(request.messages.map((message) => message.content).join(''))
  return {
    id: `chatcmpl-${randomBytes(12).toString('hex')}`,
    createdSeconds: Math.floor(nowMs / 1000),
    model: request.model,
    answer: limited,
    finishReason,
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
    wantsUsage: request.stream_options?.include_usage === true,
  }
}

/** The whole completion as one JSON body (API reference, "The chat completion object"). */
export function toCompletionBody(completion: Completion): Record<string, unknown> {
  const { answer: given } = completion
  const message =
    given.type === 'text'
      ? { role: 'assistant', content: given.text, refusal: null, annotations: [] }
      : {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: given.calls.map(({ id, name, arguments: json }) => ({
            id,
            type: 'function',
            function: { name, arguments: json },
          })),
        }
  return {
    id: completion.id,
    object: 'chat.completion',
    created: completion.createdSeconds,
    model: completion.model,
    service_tier: 'default',
    choices: [{ index: 0, message, logprobs: null, finish_reason: completion.finishReason }],
    usage: {
      ...completion.usage,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    },
  }
}

/** The text of an answer, for counting and for the request log. */
export function textOf(given: Answer): string {
  return given.type === 'text'
    ? given.text
    : given.calls.map((call) => `${call.name} ${call.arguments}`).join('\n')
}

function limit(
  given: Answer,
  request: ChatRequest,
): { limited: Answer; finishReason: Completion['finishReason'] } {
  if (given.type === 'tool-calls') return { limited: given, finishReason: 'tool_calls' }
  let { text } = given
  for (const stop of [request.stop ?? []].flat()) {
    const at = text.indexOf(stop)
    if (stop !== '' && at >= 0) text = text.slice(0, at)
  }
  const tokensMax = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY
  let short = ''
  for (const token of toTokens(text)) {
    if (countTokens(short + token) > tokensMax)
      return { limited: { type: 'text', text: short }, finishReason: 'length' }
    short += token
  }
  return { limited: { type: 'text', text }, finishReason: 'stop' }
}
