import { encodeMulaw, MULAW_BYTES_PER_MS, mulawSilence } from './mulaw.ts'

/**
 * Keys as sound: each is the sum of two sine waves, one for its row and one for its column (ITU-T Q.23). Carriers' media streams cannot press keys for us, so
 * the tones go out as audio; 100 ms of tone and 80 ms of silence are well above what Q.24 asks of a sender.
 */

const ROWS_HZ = [697, 770, 852, 941] as const
const COLUMNS_HZ = [1209, 1336, 1477, 1633] as const
const KEYS = ['123A', '456B', '789C', '*0#D'] as const

const TONE_MS = 100
const GAP_MS = 80
const PAUSE_MS = 500
const RATE_HZ = 8000
/** Of full scale, for each of the two waves: about -9 dBm0, with the column a little louder as telephones send it. */
const ROW_LEVEL = 0.2
const COLUMN_LEVEL = 0.25
/** Tones begin and end softly: a click is a tone of every frequency. */
const RAMP_MS = 2

/** 8 kHz μ-law of these keys, in order: 0-9, *, #, A-D, and `,` for a pause of half a second. Throws `RangeError` on any other character. */
export function keypadTones(keys: string): Uint8Array {
  const parts = [...keys].map((key) => (key === ',' ? mulawSilence(PAUSE_MS) : tone(key)))
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}

function tone(key: string): Uint8Array {
  const row = KEYS.findIndex((keys) => keys.includes(key.toUpperCase()))
  const column = KEYS[row]?.indexOf(key.toUpperCase()) ?? -1
  const rowHz = ROWS_HZ[row]
  const columnHz = COLUMNS_HZ[column]
  if (key.length !== 1 || rowHz === undefined || columnHz === undefined)
    throw new RangeError(`There is no key ${JSON.stringify(key)}.`)
  const samples = (TONE_MS * RATE_HZ) / 1000
  const ramp = (RAMP_MS * RATE_HZ) / 1000
  const pcm = Int16Array.from({ length: samples }, (_, index) => {
    const angle = (2 * Math.PI * index) / RATE_HZ
    const wave = ROW_LEVEL * Math.sin(angle * rowHz) + COLUMN_LEVEL * Math.sin(angle * columnHz)
    const gain = Math.min(1, index / ramp, (samples - 1 - index) / ramp)
    return Math.round(wave * gain * 32_767)
  })
  const result = new Uint8Array((TONE_MS + GAP_MS) * MULAW_BYTES_PER_MS)
  result.set(mulawSilence(TONE_MS + GAP_MS))
  result.set(encodeMulaw(pcm))
  return result
}
