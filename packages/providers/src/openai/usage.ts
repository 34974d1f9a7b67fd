import type { LlmMessage, LlmUsage } from '../contract/index.ts'
import type { ChatUsage } from './wire.ts'

/** A common rule of thumb for English; the estimate is marked as one. */
const CHARACTERS_PER_TOKEN = 4
/** Roles and separators around each message. */
const TOKENS_PER_MESSAGE = 4

/** The vendor's numbers, or an estimate from the text when it sent none: streams that are cut, older local servers. */
export function toUsage(
  measured: ChatUsage | null,
  messages: readonly LlmMessage[],
  answer: string,
): LlmUsage {
  if (measured) return { ...measured, isMeasured: true }
  const inputTokens = messages.reduce((sum, { content }) => sum + tokensOf(content) + TOKENS_PER_MESSAGE, 0)
  return { inputTokens, cachedInputTokens: 0, outputTokens: tokensOf(answer), isMeasured: false }
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN)
}
