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
  signal: AbortSignal
}
