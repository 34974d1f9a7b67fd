import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import type { LlmMessage, LlmRequest, LlmTool } from '../contract/index.ts'
import type { OpenAiLlmOptions } from './options.ts'

export type ChatBody = ChatCompletionCreateParams

type CallFields = Pick<LlmRequest, 'messages' | 'user' | 'metadata' | 'callId'>

/** Optional fields of the request, in the order in which a refusal is blamed on them when the server does not name one. */
const REFUSABLE = [
  'temperature',
  'reasoning_effort',
  'stream_options',
  'safety_identifier',
  'metadata',
  'user',
] as const
export type RefusableField = (typeof REFUSABLE)[number]

/** The address that requests go to: pasted whole, or a base. */
export function chatCompletionsUrl(baseUrl: string): string {
  const url = new URL(baseUrl)
  const path = url.pathname.replace(/\/+$/, '')
  url.pathname = path.endsWith('/chat/completions') ? path : `${path}/chat/completions`
  return url.href
}

/** A list every server of this dialect has: what is asked for to open a connection. */
export function modelsUrl(baseUrl: string): string {
  const url = new URL(chatCompletionsUrl(baseUrl))
  url.pathname = url.pathname.replace(/\/chat\/completions$/, '/models')
  return url.href
}

/** The fields that streamed answers and whole ones have in common. */
export function commonFields(
  options: OpenAiLlmOptions,
  request: CallFields,
): Pick<ChatBody, 'model' | 'messages'> & Partial<ChatBody> {
  return {
    model: options.model,
    messages: request.messages.map(toWireMessage),
    ...(options.reasoningEffort ? { reasoning_effort: options.reasoningEffort } : {}),
    ...(options.isCustom
      ? { user: request.user, metadata: { call_id: request.callId, ...request.metadata } }
      : { safety_identifier: request.user }),
  }
}

function toWireMessage(message: LlmMessage): ChatBody['messages'][number] {
  const { role, content, toolCalls = [], toolCallId } = message
  if (role === 'tool') return { role, content, tool_call_id: toolCallId ?? '' }
  if (role !== 'assistant' || toolCalls.length === 0) return { role, content }
  return {
    role,
    content: content === '' ? null : content,
    tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })),
  }
}

/** The functions a model may call, as the wire names them. */
export function toWireTools(tools: readonly LlmTool[]): NonNullable<ChatBody['tools']> {
  return tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name, description, parameters: { ...parameters } },
  }))
}

/** The optional field that a 400 or 422 is about, if it is about one; without it the request may pass. */
export function refusedField(body: object, param: string | null, message: string): RefusableField | null {
  const present = REFUSABLE.filter((field) => field in body)
  return (
    present.find((field) => param?.startsWith(field)) ??
    present.find((field) => mentions(message, field)) ??
    null
  )
}

/** Whole words only: "user" must not be found in "user message", which every complaint about messages contains. */
function mentions(message: string, field: string): boolean {
  return field === 'user' ? /['"`]user['"`]/.test(message) : message.includes(field)
}
