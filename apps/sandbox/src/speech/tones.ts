/**
 * The tone alphabet of the simulated voice.
 *
 * Text travels inside the audio: one byte is one symbol of 20 ms made of two tones sounding together, one of sixteen low tones (the
 * byte's upper half) and one of sixteen high tones (its lower half). All data tones are multiples of 100 Hz, so over 20 ms they are
 * orthogonal with room to spare for soft edges, a misplaced window or a resampler's tail. Everything lies inside the telephone band.
 *
 * Sync tones sit on the odd multiples of 50 Hz, between the data tones: over an aligned 20 ms window they are orthogonal to every data
 * tone, so no text can imitate them.
 */

/** Length of one symbol. */
export const SYMBOL_MS = 20

/** Samples of one symbol at the telephone rate, 8 kHz. */
export const SYMBOL_SAMPLES_8K = 160

/** Spacing of the data tones; sync tones lie half-way between two of them. */
export const TONE_STEP_HZ = 100

/** The lowest low tone; low tone i is this plus i steps (300 … 1800 Hz). */
export const LOW_TONE_HZ = 300

/** The lowest high tone; high tone i is this plus i steps (1900 … 3400 Hz). */
export const HIGH_TONE_HZ = 1900

/** Two tones that sound together. */
export interface TonePair {
  lowHz: number
  highHz: number
}

/** The two symbols that open every word; their order gives the decoder the phase of the symbols that follow. */
export const SYNC_SYMBOLS: readonly [TonePair, TonePair] = [
  { lowHz: 750, highHz: 2650 },
  { lowHz: 1250, highHz: 2150 },
]

/** A symbol without meaning that draws a word out when the voice is asked to speak slowly. */
export const HOLD_SYMBOL: TonePair = { lowHz: 450, highHz: 2350 }

/** The pair of tones that carries a byte. */
export function tonesOfByte(byte: number): TonePair {
  return {
    lowHz: LOW_TONE_HZ + (byte >> 4) * TONE_STEP_HZ,
    highHz: HIGH_TONE_HZ + (byte & 15) * TONE_STEP_HZ,
  }
}
