/** Speech that has been synthesised before (greetings, re-prompts, goodbyes), by voice and text. Shared by the calls of a process; it holds only what the assistant says. */
export interface PhraseCache {
  get(key: string): Uint8Array | null
  set(key: string, mulaw: Uint8Array): void
}

/** Keeps the most recently used phrases up to `bytesMax`. */
export function createPhraseCache(bytesMax = 32 * 1024 * 1024): PhraseCache {
  const phrases = new Map<string, Uint8Array>()
  let bytes = 0
  return {
    get(key) {
      const mulaw = phrases.get(key)
      if (!mulaw) return null
      phrases.delete(key)
      phrases.set(key, mulaw)
      return mulaw
    },
    set(key, mulaw) {
      if (mulaw.length > bytesMax) return
      bytes += mulaw.length - (phrases.get(key)?.length ?? 0)
      phrases.delete(key)
      phrases.set(key, mulaw)
      for (const [oldest, audio] of phrases) {
        if (bytes <= bytesMax) break
        phrases.delete(oldest)
        bytes -= audio.length
      }
    },
  }
}
