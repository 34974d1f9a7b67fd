import type { LlmMessage, LlmProvider, SttProvider, TtsProvider } from '../contract/index.ts'

/** What every fixture of a conformance suite has: a vendor, real or simulated, that can be made to misbehave. */
interface Fixture {
  /** Makes the vendor accept connections and never answer. Absent where that cannot be arranged, as with a real vendor: the case is skipped. */
  fallSilent?(): void
  /** Makes the vendor refuse every request. Absent: skipped. */
  refuse?(): void
  close(): Promise<void>
}

export interface SttFixture extends Fixture {
  provider: SttProvider
  /** 8 kHz μ-law in which this recogniser hears these words. */
  soundOf(words: string): Uint8Array | Promise<Uint8Array>
}

export interface LlmFixture extends Fixture {
  provider: LlmProvider
  /** Messages that this model answers with these words, at least one of them at a time. */
  messagesFor(words: string): readonly LlmMessage[]
  /** Messages whose answer goes on until it is aborted, or for very long. */
  endlessMessages: readonly LlmMessage[]
}

export interface TtsFixture extends Fixture {
  provider: TtsProvider
  /** The words that were said in this audio. */
  wordsIn(audio: Uint8Array): string | Promise<string>
}

/** Equal as speech: case, punctuation and spacing are the vendor's. */
export function spokenForm(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}
