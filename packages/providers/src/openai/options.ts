import type { Timers } from '@phonevoice/base'
import type { HttpSend } from '../contract/index.ts'

export interface OpenAiLlmOptions {
  /** Sent as a bearer token. Null sends none, for servers that need none. */
  apiKey: string | null
  /** A base to which `/chat/completions` is appended, or a URL that already ends in it. A query string is kept. */
  baseUrl: string
  model: string
  /** Name in usage records. Default: `custom` or `openai`, by `isCustom`. */
  provider?: string
  /** Further headers for every request; they may replace `Authorization`. */
  headers?: Readonly<Record<string, string>>
  /**
   * True for a user's own endpoint: the body then carries `user` and `metadata`, and the header `PhoneVoice-Call-Id` names the call. False for
   * OpenAI, which is told only an opaque `safety_identifier`.
   */
  isCustom: boolean
  /** Headers computed from the exact bytes of the body, such as a signature; called for each attempt. */
  signRequest?: (body: string) => Record<string, string>
  /** Default: the platform's `fetch`. For users' own URLs this must be the guarded client. */
  fetch?: HttpSend
  /** `none`, `low`, …: sent only when given. Spoken dialogue wants as little as the model accepts. */
  reasoningEffort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh'
  /** Default: the system's. */
  clock?: Timers
}

export interface OpenAiRealtimeSttOptions {
  apiKey: string | null
  /** `https://api.openai.com/v1`, or another server's; http becomes ws, https wss. */
  baseUrl: string
  /** `gpt-live-transcribe` is what OpenAI recommends at the time of writing; earlier transcription models end in February 2027. */
  model: string
  /** Name in usage records. Default `openai`. */
  provider?: string
  headers?: Readonly<Record<string, string>>
  clock?: Timers
  /** From `open` (or a lost connection) to a usable session. Default 3000. */
  connectTimeoutMs?: number
  /** From a commit to its final; then the item fails. Default 5000. */
  finalTimeoutMs?: number
  /** Age at which a session is replaced at the next commit. The vendor ends sessions after 60 minutes. Default 55 minutes. */
  sessionMsMax?: number
  /** Distance of pings; a connection that leaves one unanswered until the next is given up. Default 10 000. */
  pingIntervalMs?: number
}

export interface OpenAiRealtimeTtsOptions {
  apiKey: string | null
  /** `https://api.openai.com/v1`, or another server's; http becomes ws, https wss. */
  baseUrl: string
  /** `gpt-realtime-2.1-mini` is what OpenAI names as the successor of its speech models. */
  model: string
  /** `marin`, `cedar`, `alloy`, … */
  voiceId: string
  /** Name in usage records. Default `openai`. */
  provider?: string
  /** How to speak, added to the instruction to read aloud. */
  instructions?: string
  headers?: Readonly<Record<string, string>>
  clock?: Timers
  /** From the beginning to a usable session. Default 3000. */
  connectTimeoutMs?: number
  /** Longest silence between two pieces of audio. Default 4000. */
  chunkTimeoutMs?: number
  /** Age at which a session is replaced before the next clause. The vendor ends sessions after 60 minutes. Default 55 minutes. */
  sessionMsMax?: number
  /** Distance of pings; a connection that leaves one unanswered until the next is given up. Default 10 000. */
  pingIntervalMs?: number
}
