/**
 * The part of OpenAI's chat completion shapes that we read, from OpenAI and from the many servers that imitate it. Everything is optional:
 * what is missing or malformed is treated as absent, never as a reason to fail (developers.openai.com/api/reference/chat).
 */
import { isRecord } from '../streaming/http-errors.ts'

export interface ChatChunk {
  /** Text to speak; reasoning is left out. */
  text: string
  /** The chunk carries the answer forward in some way, if only by reasoning. */
  isProgress: boolean
  /** Pieces of tool calls, as they came. */
  toolCalls: unknown
  finishReason: string | null
  usage: ChatUsage | null
  /** A failure reported inside a stream that began with 200. */
  error: unknown
}

export interface ChatUsage {
  inputTokens: number
  cachedInputTokens: number
  outputTokens: number
}

/** Reads one streamed chunk or one whole completion: they differ only in `delta` and `message`. */
export function readChatChunk(data: unknown): ChatChunk {
  const chunk: ChatChunk = {
    text: '',
    isProgress: false,
    toolCalls: null,
    finishReason: null,
    usage: null,
    error: null,
  }
  const outer = Array.isArray(data) ? data[0] : data
  if (!isRecord(outer)) return chunk
  if (outer.error !== undefined && outer.error !== null && outer.error !== false) chunk.error = outer
  chunk.usage = readUsage(outer.usage) ?? readUsage(isRecord(outer.x_groq) ? outer.x_groq.usage : null)
  const choice = Array.isArray(outer.choices) ? outer.choices[0] : null
  if (!isRecord(choice)) return chunk
  const delta = isRecord(choice.delta) ? choice.delta : isRecord(choice.message) ? choice.message : {}
  chunk.text = readContent(delta.content) || (typeof delta.refusal === 'string' ? delta.refusal : '')
  chunk.toolCalls = delta.tool_calls ?? null
  chunk.isProgress =
    chunk.text !== '' ||
    Boolean(delta.reasoning_content) ||
    Boolean(delta.reasoning) ||
    Array.isArray(delta.tool_calls)
  chunk.finishReason =
    typeof choice.finish_reason === 'string' && choice.finish_reason !== '' ? choice.finish_reason : null
  return chunk
}

/** Text, or a list of parts of which the text ones count. */
function readContent(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

function readUsage(usage: unknown): ChatUsage | null {
  if (!isRecord(usage)) return null
  const inputTokens = count(usage.prompt_tokens)
  const outputTokens = count(usage.completion_tokens)
  if (inputTokens === null || outputTokens === null) return null
  const details = isRecord(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {}
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens: Math.min(inputTokens, count(details.cached_tokens) ?? 0),
  }
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}
