import { MULAW_BYTES_PER_MS } from '@phonevoice/audio'

/** What is kept from before the detector noticed speech, so that no first syllable is lost. */
const LEAD_IN_MS = 400

/**
 * Lets only speech through to the recogniser: from a little before it began until its span is committed. Vendors bill the audio they are
 * sent, and most of a call is silence. A recogniser that finds the ends of turns itself needs that silence: then everything is let through.
 */
export interface SpeechGate {
  /** One frame of the caller. */
  push(mulaw: Uint8Array): void
  open(): void
  close(): void
}

export function createSpeechGate(
  send: (mulaw: Uint8Array) => void,
  isEverythingWanted: () => boolean = () => false,
): SpeechGate {
  const leadIn: Uint8Array[] = []
  let leadInBytes = 0
  let isOpen = false
  return {
    push(mulaw) {
      if (isOpen || isEverythingWanted()) {
        send(mulaw)
        return
      }
      leadIn.push(mulaw)
      leadInBytes += mulaw.length
      while (leadInBytes > LEAD_IN_MS * MULAW_BYTES_PER_MS) leadInBytes -= leadIn.shift()!.length
    },
    open() {
      if (isOpen) return
      isOpen = true
      for (const mulaw of leadIn) send(mulaw)
      leadIn.length = 0
      leadInBytes = 0
    },
    close() {
      isOpen = false
    },
  }
}
