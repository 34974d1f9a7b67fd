import { bytesToPcm, decodeMulaw, encodeMulaw, parseWav } from '@phonevoice/audio'
import { createSpeechDecoder, encodeSpeech, mixSpeech } from '../speech/index.ts'
import type { HeardWord } from './ear.ts'

const RATE_HZ = 8000

/** Something a phone can let sound: μ-law at 8 kHz, and the words in it with their times from its start. */
export interface Sound {
  text: string
  mulaw: Uint8Array
  words: readonly HeardWord[]
}

const spoken = new Map<string, Sound>()
/** Phones repeat themselves across calls; sentences kept ready. */
const SPOKEN_MAX = 500

/** A sentence in the simulated voice. */
export function speak(
  text: string,
  options: { voice?: string | undefined; speed?: number | undefined } = {},
): Sound {
  const key = JSON.stringify([text, options.voice, options.speed])
  const known = spoken.get(key)
  if (known) return known
  const sound = toSound(
    text,
    encodeSpeech(text, {
      sampleRateHz: RATE_HZ,
      ...(options.voice === undefined ? {} : { voice: options.voice }),
      ...(options.speed === undefined ? {} : { speed: options.speed }),
    }),
  )
  if (spoken.size >= SPOKEN_MAX) spoken.delete(spoken.keys().next().value!)
  spoken.set(key, sound)
  return sound
}

/** A recording with its text mixed in. Throws when the bytes are no WAV at a multiple of 8 kHz. */
export function playWav(wav: Uint8Array | null, text: string): Sound {
  const pcm = wav ? toTelephonePcm(wav) : hum(Math.max(3000, text.length * 80))
  return toSound(text, mixSpeech(pcm, text))
}

/** First channel of a WAV at 8 kHz. Good enough for a simulated phone: whole-number rates, averaged down. */
export function toTelephonePcm(wav: Uint8Array): Int16Array {
  const { sampleRateHz, channels, encoding, data } = parseWav(wav)
  const factor = sampleRateHz / RATE_HZ
  if (!Number.isInteger(factor) || factor < 1 || channels < 1) {
    throw new RangeError(`A WAV at ${sampleRateHz} Hz cannot be played; use a multiple of 8000 Hz.`)
  }
  const samples = encoding === 'mulaw' ? decodeMulaw(data) : bytesToPcm(data)
  return Int16Array.from({ length: Math.floor(samples.length / channels / factor) }, (_, index) => {
    let sum = 0
    for (let offset = 0; offset < factor; offset++) sum += samples[(index * factor + offset) * channels]!
    return Math.round(sum / factor)
  })
}

/** Coughing: noise in short bursts. Seeded, so that every run sounds the same. */
export function noise(durationMs: number, level: number): Sound {
  let seed = 12345
  const length = durationMs * (RATE_HZ / 1000)
  const pcm = Int16Array.from({ length }, (_, index) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    const burst = Math.abs(Math.sin((index / RATE_HZ) * Math.PI * 4))
    return Math.round(((seed >>> 16) / 32768 - 1) * 32767 * level * burst)
  })
  return { text: '', mulaw: encodeMulaw(pcm), words: [] }
}

export function beep(durationMs: number, hz: number): Sound {
  return { text: '', mulaw: encodeMulaw(tones(durationMs, [hz])), words: [] }
}

const KEY_ROWS_HZ = [697, 770, 852, 941]
const KEY_COLUMNS_HZ = [1209, 1336, 1477]

/** The two tones of a key (ITU-T Q.23). */
export function keyTone(digit: string, durationMs: number): Sound {
  const index = '123456789*0#'.indexOf(digit)
  const pcm = tones(durationMs, [KEY_ROWS_HZ[Math.floor(index / 3)]!, KEY_COLUMNS_HZ[index % 3]!])
  return { text: '', mulaw: encodeMulaw(pcm), words: [] }
}

function tones(durationMs: number, frequenciesHz: readonly number[]): Int16Array {
  return Int16Array.from({ length: durationMs * (RATE_HZ / 1000) }, (_, index) => {
    let sum = 0
    for (const hz of frequenciesHz) sum += Math.sin((2 * Math.PI * hz * index) / RATE_HZ)
    return Math.round((sum / frequenciesHz.length) * 8000)
  })
}

/** A low hum that comes and goes: what plays where no WAV was given. */
function hum(durationMs: number): Int16Array {
  return Int16Array.from({ length: durationMs * (RATE_HZ / 1000) }, (_, index) => {
    const seconds = index / RATE_HZ
    return Math.round(
      900 * Math.sin(2 * Math.PI * 130 * seconds) * (0.6 + 0.4 * Math.sin(2 * Math.PI * 3 * seconds)),
    )
  })
}

/** Words are timed by listening to the sound itself. */
function toSound(text: string, pcm: Int16Array): Sound {
  const words: HeardWord[] = []
  const decoder = createSpeechDecoder({
    onWord: (word) =>
      words.push({ text: word.text, start_ms: Math.round(word.startMs), end_ms: Math.round(word.endMs) }),
  })
  decoder.push(pcm)
  decoder.flush()
  return { text, mulaw: encodeMulaw(pcm), words }
}
