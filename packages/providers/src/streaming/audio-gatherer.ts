/**
 * Joins the carrier's frames of 20 ms into messages of 80 ms, because each message on a socket costs about the same, however short. It waits for audio, not
 * for time: audio comes without a gap until a span is committed, and a commit flushes.
 */
import { MULAW_BYTES_PER_MS } from '@phonevoice/audio'

export interface AudioGatherer {
  /** Sends what is complete. The bytes may be used again after it has returned. */
  add(mulaw: Uint8Array): void
  /** Sends the rest, however short. */
  flush(): void
  /** Forgets the rest. */
  drop(): void
}

/** Guesses come later by at most this; more would save little. Deepgram advises the same length ("Flux quickstart"). */
const MESSAGE_BYTES = 80 * MULAW_BYTES_PER_MS

export function createAudioGatherer(send: (mulaw: Uint8Array) => void): AudioGatherer {
  let message: Buffer | null = null
  let filled = 0

  function flush(): void {
    if (!message) return
    const whole = message.subarray(0, filled)
    message = null
    filled = 0
    send(whole)
  }

  return {
    add(mulaw) {
      let at = 0
      while (at < mulaw.length) {
        message ??= Buffer.allocUnsafe(MESSAGE_BYTES)
        const taken = Math.min(mulaw.length - at, MESSAGE_BYTES - filled)
        message.set(mulaw.subarray(at, at + taken), filled)
        filled += taken
        at += taken
        if (filled === MESSAGE_BYTES) flush()
      }
    },
    flush,
    drop() {
      message = null
      filled = 0
    },
  }
}
