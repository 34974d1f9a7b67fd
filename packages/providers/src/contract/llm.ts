/** A language model: one streamed answer per request. */
export interface LlmProvider {
  /** Name used in usage records and the rate card, e.g. `openai`, `custom`. */
  readonly provider: string
  readonly model: string
  /**
   * Starts one answer. The iterable yields parts and ends after `finish`; a failure is thrown as `ProviderError`. Aborting `signal` ends it silently.
   */
  stream(request: LlmRequest): AsyncIterable<LlmPart>
  /** One whole answer that obeys a JSON schema, parsed. Used for the analysis. Throws `ProviderError`. */
  completeJson(request: LlmJsonRequest): Promise<{ value: unknown; usage: LlmUsage }>
}

export interface LlmMessage {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface LlmRequest {
  messages: readonly LlmMessage[]
  temperature: number | null
  /** Stable, opaque id of the person at the other end. */
  user: string
  /** Sent to custom endpoints as `metadata`, with string values; never sent to OpenAI. */
  metadata: Readonly<Record<string, string>>
  callId: string
  /** From request to first token; the whole answer has ten times as long. Milliseconds. */
  firstTokenTimeoutMs: number
  /** Longest silence between two tokens. Milliseconds. */
  interTokenTimeoutMs: number
  signal: AbortSignal
}

export interface LlmJsonRequest {
  messages: readonly LlmMessage[]
  schemaName: string
  /** JSON Schema of an object. */
  schema: Record<string, unknown>
  user: string
  metadata: Readonly<Record<string, string>>
  callId: string
  timeoutMs: number
  signal: AbortSignal
}

export interface LlmUsage {
  inputTokens: number
  cachedInputTokens: number
  outputTokens: number
  /** False when the vendor sent no usage and the numbers are estimated from the text. */
  isMeasured: boolean
}

export type LlmPart =
  | { type: 'text-delta'; text: string }
  | { type: 'warning'; setting: string; message: string }
  | { type: 'finish'; reason: 'stop' | 'length' | 'content-filter' | 'other'; usage: LlmUsage }
