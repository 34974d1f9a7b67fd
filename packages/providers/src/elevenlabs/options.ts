import type { Timers } from '@phonevoice/base'
import type { HttpSend } from '../contract/index.ts'

export interface ElevenLabsTtsOptions {
  /** Sent as `xi-api-key`; null sends none. */
  apiKey: string | null
  /** `https://api.elevenlabs.io` or a regional host, without a version. */
  baseUrl: string
  /** `eleven_flash_v2_5` answers fastest. */
  model: string
  voiceId: string
  /** Name in usage records. Default `elevenlabs`. */
  provider?: string
  headers?: Readonly<Record<string, string>>
  /** Default: the platform's `fetch`, which keeps connections alive. */
  fetch?: HttpSend
  clock?: Timers
  /** Longest silence between two pieces of audio. Default 4000. */
  chunkTimeoutMs?: number
}
