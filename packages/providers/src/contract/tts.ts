/** A voice: turns one clause of text into streamed audio. */
export interface TtsProvider {
  /** Name used in usage records and the rate card. */
  readonly provider: string
  readonly model: string
  readonly voiceId: string
  /** The audio this adapter yields. */
  readonly format: TtsAudioFormat
  /** Yields audio as it arrives; whole samples only. Throws `ProviderError`. Aborting `signal` ends it silently. */
  synthesize(request: TtsRequest): AsyncIterable<Uint8Array>
  /** Opens connections ahead of need; failures are ignored. */
  warm(): Promise<void>
  /** What the vendor bills: the characters of the text, which is the default, or tokens, which it reports to `onTokens`. */
  readonly billedBy?: 'characters' | 'tokens'
  /** For voices that keep a connection between requests: ends it, for good. Abort requests first. Harmless when repeated. */
  close?(): void
}

export interface TtsTokens {
  /** Without the cached ones. */
  inputTokens: number
  cachedInputTokens: number
  /** Text that came with the audio. */
  outputTokens: number
  outputAudioTokens: number
  /** False when the vendor sent no usage and the numbers are estimated from text and audio. */
  isMeasured: boolean
}

export type TtsAudioFormat =
  /** 8 kHz μ-law bytes, ready for the carrier. */
  | { encoding: 'mulaw'; sampleRateHz: 8000 }
  /** Signed 16-bit little-endian PCM. */
  | { encoding: 'pcm16'; sampleRateHz: number }

export interface TtsRequest {
  text: string
  /** 1 is the voice's own speed. */
  speed: number
  /** BCP 47. */
  language: string
  /** From request to first audio, milliseconds. */
  firstAudioTimeoutMs: number
  /** Told once per request that cost something, also of an aborted one and then perhaps after it has ended; only by voices billed by tokens. */
  onTokens?(tokens: TtsTokens): void
  signal: AbortSignal
}
