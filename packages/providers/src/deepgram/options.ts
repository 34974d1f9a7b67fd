import type { Timers } from '@phonevoice/base'
import type { HttpSend } from '../contract/index.ts'

interface DeepgramOptions {
  /** Null sends none, as installations of one's own may want. */
  apiKey: string | null
  /** `https://api.deepgram.com`, without a version; http becomes ws, https wss. */
  baseUrl: string
  /** Name in usage records. Default `deepgram`, for Flux `deepgram-flux`. */
  provider?: string
  headers?: Readonly<Record<string, string>>
  clock?: Timers
}

interface DeepgramSttOptions extends DeepgramOptions {
  /** From `open` (or a lost connection) to a usable session. Default 3000. */
  connectTimeoutMs?: number
  /** From a commit to its final; then the item fails. Default 5000. */
  finalTimeoutMs?: number
  /** Distance of pings; a connection that leaves one unanswered until the next is given up. Default 10 000. */
  pingIntervalMs?: number
}

export interface DeepgramListenSttOptions extends DeepgramSttOptions {
  /** `nova-3`, `nova-3-medical`, `nova-2-phonecall`, … */
  model: string
  /** Silence of ours after which the session is kept alive; the vendor ends one that is silent for 10 s. Default 4000. */
  keepAliveMs?: number
}

export interface DeepgramFluxSttOptions extends DeepgramSttOptions {
  /** `flux-general-en` or `flux-general-multi`; only the latter is told the language. */
  model: string
  /** Confidence that ends a turn, 0.5 to 1. Default: the vendor's (0.7). */
  endOfTurnThreshold?: number
  /** Confidence at which a draft may begin, 0.3 to 0.9, not above `endOfTurnThreshold`; null: no `eager-end` signals. Default 0.4. */
  eagerEndOfTurnThreshold?: number | null
  /** How long a committed span waits for the model to end the turn by itself before the words so far are taken. Milliseconds; default 400. */
  settleMs?: number
}

export interface DeepgramTtsOptions extends DeepgramOptions {
  /** The family: `aura-2`. */
  model: string
  /** Voice and language, `thalia-en`; or the vendor's whole name, `aura-2-thalia-en`. */
  voiceId: string
  /** Default: the platform's `fetch`, which keeps connections alive. */
  fetch?: HttpSend
  /** Longest silence between two pieces of audio. Default 4000. */
  chunkTimeoutMs?: number
}
