/**
 * The assistant's voice: each word of an answer sounds of two tones that say its place, all the way, so that any 20 ms of it tell which word is heard. The
 * tones are multiples of 50 Hz: a frame holds whole waves, they never click, and none is heard in the place of another.
 */
import { MULAW_FRAME_BYTES, MULAW_SAMPLES } from '@phonevoice/audio'
import { SPOKEN_WORD_MS } from './script.ts'

const VOICE_RATE_HZ = 24_000
const TONES = 16
const lowHz = (tone: number) => 300 + 100 * tone
const highHz = (tone: number) => 1900 + 100 * tone
const AMPLITUDE = 5000

/** 24 kHz PCM of one word. */
const words: Buffer[] = Array.from({ length: TONES * TONES }, (_, place) => {
  const samples = new Int16Array((VOICE_RATE_HZ * SPOKEN_WORD_MS) / 1000)
  const low = (2 * Math.PI * lowHz(place >> 4)) / VOICE_RATE_HZ
  const high = (2 * Math.PI * highHz(place & 15)) / VOICE_RATE_HZ
  for (let i = 0; i < samples.length; i++)
    samples[i] = Math.round(AMPLITUDE * (Math.sin(low * i) + Math.sin(high * i)))
  return Buffer.from(samples.buffer)
})

export function wordAudio(place: number): Buffer {
  return words[place & 255] as Buffer
}

interface Wave {
  cosine: Float64Array
  sine: Float64Array
}

function waveOf(hz: number): Wave {
  const angle = (i: number) => (2 * Math.PI * hz * i) / 8000
  return {
    cosine: Float64Array.from({ length: MULAW_FRAME_BYTES }, (_, i) => Math.cos(angle(i))),
    sine: Float64Array.from({ length: MULAW_FRAME_BYTES }, (_, i) => Math.sin(angle(i))),
  }
}

const lowWaves = Array.from({ length: TONES }, (_, tone) => waveOf(lowHz(tone)))
const highWaves = Array.from({ length: TONES }, (_, tone) => waveOf(highHz(tone)))
/** A tenth of a tone's power in a frame. */
const POWER_MIN = 0.1 * ((AMPLITUDE * MULAW_FRAME_BYTES) / 2) ** 2

/** The place of the word that a frame of what the caller hears belongs to; null for silence. */
export function readFrame(mulaw: Uint8Array, at: number): number | null {
  const low = strongest(lowWaves, mulaw, at)
  const high = strongest(highWaves, mulaw, at)
  return low === null || high === null ? null : (low << 4) | high
}

function strongest(waves: readonly Wave[], mulaw: Uint8Array, at: number): number | null {
  let best: number | null = null
  let most = POWER_MIN
  for (const [tone, { cosine, sine }] of waves.entries()) {
    let real = 0
    let imaginary = 0
    for (let i = 0; i < MULAW_FRAME_BYTES; i++) {
      const sample = MULAW_SAMPLES[mulaw[at + i] as number] as number
      real += sample * (cosine[i] as number)
      imaginary += sample * (sine[i] as number)
    }
    const power = real * real + imaginary * imaginary
    if (power > most) {
      most = power
      best = tone
    }
  }
  return best
}
