/** A language model: one streamed answer per request. */
export interface LlmProvider {
  /** Name used in usage records and the rate card, e.g. `openai`, `custom`. */
  readonly provider: string
  readonly model: string
  /**
   * Starts one answer. The iterable yields parts and ends after `finish`; a failure is thrown as `ProviderError`. Aborting `signal` ends it silently.
   */
  stream(request: LlmRequest): AsyncIterable<LlmPart>
  /** Opens a connection ahead of need; failures are ignored. Left out where the server is a user's own, who asked for no such request. */
  warm?(): Promise<void>
  /** One whole answer that obeys a JSON schema, parsed. Used for the analysis. Throws `ProviderError`. */
  completeJson(request: LlmJsonRequest): Promise<{ value: unknown; usage: LlmUsage }>
}

export interface LlmMessage {
  /** `tool`: the output of a tool that the assistant message before it called. */
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string
  /** Assistant only: what it called, each answered by a `tool` message behind it. */
  toolCalls?: readonly LlmToolCall[]
  /** Tool only: which call this is the output of. */
  toolCallId?: string
}

/** A function the model may call. */
export interface LlmTool {
  name: string
  description: string
  /** JSON Schema of an object. */
  parameters: Readonly<Record<string, unknown>>
}

export interface LlmToolCall {
  id: string
  name: string
  /** JSON text as the model wrote it; not necessarily valid. */
  arguments: string
}

export interface LlmRequest {
  messages: readonly LlmMessage[]
  /** Default: none. */
  tools?: readonly LlmTool[]
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
  /** Once, whole, after the last text: the model waits for these. */
  | { type: 'tool-calls'; calls: readonly LlmToolCall[] }
  | { type: 'warning'; setting: string; message: string }
  | { type: 'finish'; reason: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other'; usage: LlmUsage }
