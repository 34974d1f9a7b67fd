import type { SpeechUsage } from './effects/speech-usage.ts'

/** Speech that has been synthesised before (greetings, re-prompts, goodbyes), by voice and text. Shared by the calls of a process; it holds only what the assistant says. */
export interface PhraseCache {
  get(key: string): Uint8Array | null
  /** `unbilled`: what it cost, when no call has been charged for it yet. */
  set(key: string, mulaw: Uint8Array, unbilled?: readonly SpeechUsage[]): void
  /** What a phrase has cost and nobody was charged for; asked once, by the first call that speaks it. */
  takeUnbilled(key: string): readonly SpeechUsage[]
}

interface Phrase {
  mulaw: Uint8Array
  unbilled: readonly SpeechUsage[]
}

/** Keeps the most recently used phrases up to `bytesMax`. */
export function createPhraseCache(bytesMax = 32 * 1024 * 1024): PhraseCache {
  const phrases = new Map<string, Phrase>()
  let bytes = 0
  return {
    get(key) {
      const phrase = phrases.get(key)
      if (!phrase) return null
      phrases.delete(key)
      phrases.set(key, phrase)
      return phrase.mulaw
    },
    set(key, mulaw, unbilled = []) {
      if (mulaw.length > bytesMax) return
      bytes += mulaw.length - (phrases.get(key)?.mulaw.length ?? 0)
      phrases.delete(key)
      phrases.set(key, { mulaw, unbilled })
      for (const [oldest, phrase] of phrases) {
        if (bytes <= bytesMax) break
        phrases.delete(oldest)
        bytes -= phrase.mulaw.length
      }
    },
    takeUnbilled(key) {
      const phrase = phrases.get(key)
      if (!phrase) return []
      const { unbilled } = phrase
      phrase.unbilled = []
      return unbilled
    },
  }
}
