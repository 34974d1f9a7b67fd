import { FRAME_MS, rms } from '@phonevoice/audio'
import { createSpeechDecoder } from '../speech/index.ts'

/** Sound above this level (rms, 0–32768) is taken for somebody speaking. About −44 dBFS: far under speech, far over μ-law's own noise. */
const SOUND_RMS_MIN = 200
/** Shorter gaps belong to one stretch of speech. */
const STRETCH_GAP_MS = 300
/** Heard words and stretches kept per call. */
const KEPT_MAX = 5000

export interface HeardWord {
  text: string
  start_ms: number
  end_ms: number
}

export interface Stretch {
  start_ms: number
  end_ms: number
}

/** What a phone knows of the other side, from the audio alone. Times are milliseconds on the line. */
export interface Ear {
  readonly words: readonly HeardWord[]
  /** When something that began like a word could not be read. */
  readonly damagedAtMs: readonly number[]
  /** When there was sound. The last one may still be growing. */
  readonly stretches: readonly Stretch[]
  /** Sound heard so far, milliseconds. */
  readonly soundMs: number
  /** End of the last sound; 0 before any. */
  readonly lastSoundAtMs: number
  /** How long the current stretch lasts; 0 when it is silent. */
  readonly speakingMs: number
  /** One frame of 20 ms; null is silence. */
  hear(frame: Int16Array | null): void
  /** Reads what is still incomplete. */
  finish(): void
}

const SILENT_FRAME = new Int16Array(160)

export function createEar(): Ear {
  const words: HeardWord[] = []
  const damagedAtMs: number[] = []
  const stretches: Stretch[] = []
  let nowMs = 0
  let soundMs = 0
  let lastSoundAtMs = 0
  const decoder = createSpeechDecoder({
    onWord({ text, startMs, endMs }) {
      if (words.length < KEPT_MAX)
        words.push({ text, start_ms: Math.round(startMs), end_ms: Math.round(endMs) })
    },
    onDamaged(atMs) {
      if (damagedAtMs.length < KEPT_MAX) damagedAtMs.push(Math.round(atMs))
    },
  })

  function hearSound(): void {
    const last = stretches.at(-1)
    if (last && nowMs - FRAME_MS - last.end_ms < STRETCH_GAP_MS) last.end_ms = nowMs
    else if (stretches.length < KEPT_MAX) stretches.push({ start_ms: nowMs - FRAME_MS, end_ms: nowMs })
    soundMs += FRAME_MS
    lastSoundAtMs = nowMs
  }

  return {
    words,
    damagedAtMs,
    stretches,
    get soundMs() {
      return soundMs
    },
    get lastSoundAtMs() {
      return lastSoundAtMs
    },
    get speakingMs() {
      const last = stretches.at(-1)
      return last && nowMs - last.end_ms < STRETCH_GAP_MS ? last.end_ms - last.start_ms : 0
    },
    hear(frame) {
      nowMs += FRAME_MS
      decoder.push(frame ?? SILENT_FRAME)
      if (frame && rms(frame) >= SOUND_RMS_MIN) hearSound()
    },
    finish() {
      decoder.flush()
    },
  }
}
