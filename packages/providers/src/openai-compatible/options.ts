import type { Timers } from '@phonevoice/base'
import type { HttpSend } from '../contract/index.ts'

export interface OpenAiCompatibleTtsOptions {
  /** Sent as a bearer token; null sends none, as local voice servers want. */
  apiKey: string | null
  /** The base to which `/audio/speech` is appended, or a URL that already ends in it. A query string is kept. */
  baseUrl: string
  model: string
  voiceId: string
  /** Name in usage records. Default `openai-compatible`. */
  provider?: string
  /** How to speak; servers that do not know it ignore it. */
  instructions?: string
  headers?: Readonly<Record<string, string>>
  /** Default: the platform's `fetch`, which keeps connections alive. */
  fetch?: HttpSend
  clock?: Timers
  /** Longest silence between two pieces of audio. Default 4000. */
  chunkTimeoutMs?: number
}
