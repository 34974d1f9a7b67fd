import { decodeSpeech } from './decode-speech.ts'
import { encodeSpeechParts } from './encode-speech.ts'

/** The recording keeps this share of its level, to leave room for the code. */
const RECORDING_GAIN = 0.5
/** Tried in order until every word can be read: the code's level relative to its own -15 dBFS, and what is left of the recording. */
const MIXES: readonly { codeGain: number; recordingGain: number }[] = [
  { codeGain: 0.25, recordingGain: RECORDING_GAIN },
  { codeGain: 0.35, recordingGain: RECORDING_GAIN },
  { codeGain: 0.5, recordingGain: RECORDING_GAIN },
  { codeGain: 0.7, recordingGain: RECORDING_GAIN },
  { codeGain: 1, recordingGain: RECORDING_GAIN },
  { codeGain: 1, recordingGain: RECORDING_GAIN / 4 },
  { codeGain: 1, recordingGain: 0 },
]

/**
 * Puts the code of `text` under a recording of someone saying it, as quietly as can still be read from the mix. The words are spread
 * over the recording; where the code is longer than the recording, the recording is followed by the rest of the code.
 */
export function mixSpeech(pcm8k: Int16Array, text: string): Int16Array {
  const code = spread([...encodeSpeechParts(text, { sampleRateHz: 8000 })], pcm8k.length)
  const expected = decodeSpeech(code)
  let mixed = pcm8k
  for (const { codeGain, recordingGain } of MIXES) {
    mixed = add(pcm8k, recordingGain, code, codeGain)
    if (decodeSpeech(mixed) === expected) return mixed
  }
  return mixed
}

function spread(parts: readonly Int16Array[], lengthMin: number): Int16Array {
  const spoken = parts.reduce((sum, part) => sum + part.length, 0)
  const extra = Math.floor(Math.max(0, lengthMin - spoken) / Math.max(1, parts.length))
  const code = new Int16Array(Math.max(lengthMin, spoken))
  let at = 0
  for (const part of parts) {
    code.set(part, at)
    at += part.length + extra
  }
  return code
}

function add(recording: Int16Array, recordingGain: number, code: Int16Array, codeGain: number): Int16Array {
  return Int16Array.from(code, (sample, i) => {
    const sum = Math.round(sample * codeGain + (recording[i] ?? 0) * recordingGain)
    return Math.max(-32768, Math.min(32767, sum))
  })
}
