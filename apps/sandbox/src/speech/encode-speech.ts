import { HOLD_SYMBOL, SYMBOL_MS, SYNC_SYMBOLS, type TonePair, tonesOfByte } from './tones.ts'
import { type SpokenWord, toSpokenWords } from './word-frames.ts'

export interface SpeechOptions {
  sampleRateHz: 8000 | 24000
  /** Changes level and timbre a little, never the words. Default: a neutral voice. */
  voice?: string
  /**
   * 1 (default) speaks about four words a second. Slower voices draw their words out. Faster ones shorten the pauses only: a symbol always
   * lasts 20 ms, so beyond about 1.2 nothing more is gained.
   */
  speed?: number
}

/** Silence between two words at speed 1. Short enough for any voice-activity detector to bridge. */
const WORD_GAP_MS = 40
/** Silence after a comma or its like. */
const CLAUSE_GAP_MS = 60
/** Silence after a finished sentence. */
const SENTENCE_GAP_MS = 120
/** Silence that ends every utterance, so that its last symbol is whole for any decoder. */
const TAIL_MS = 20
/** Each of the two tones has this peak; together they make -15 dBFS. */
const TONE_AMPLITUDE = 5830
/** Symbols fade in and out over this time: no clicks, little spill into neighbouring tones. */
const RAMP_MS = 2

/**
 * Speaks text with the simulated voice: mono PCM whose words a `createSpeechDecoder` at the other end of a phone line reads back. Text is
 * split at white space, which comes back as single spaces.
 */
export function encodeSpeech(text: string, options: SpeechOptions): Int16Array {
  const parts = [...encodeSpeechParts(text, options)]
  const samples = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    samples.set(part, at)
    at += part.length
  }
  return samples
}

/** Like `encodeSpeech`, one word (with the pause behind it) at a time, made only when asked for. Text without words yields nothing. */
export function* encodeSpeechParts(text: string, options: SpeechOptions): Generator<Int16Array> {
  const words = toSpokenWords(text)
  for (const [index, word] of words.entries()) {
    yield encodeWord(word, options, index === words.length - 1)
  }
}

function encodeWord(word: SpokenWord, options: SpeechOptions, isLast: boolean): Int16Array {
  const { sampleRateHz } = options
  const speed = Math.min(4, Math.max(0.25, options.speed ?? 1))
  const gains = gainsOfVoice(options.voice)
  const symbols = symbolsOf(word)
  const plannedMs = symbols.length * SYMBOL_MS + WORD_GAP_MS
  const extraMs = plannedMs / speed - plannedMs
  const holds = Math.max(0, Math.round(extraMs / SYMBOL_MS))
  const pauseMs = isLast ? TAIL_MS : Math.max(SYMBOL_MS, gapAfter(word.text) + Math.min(0, extraMs))
  const symbolSamples = (sampleRateHz * SYMBOL_MS) / 1000
  const samples = new Int16Array(
    (symbols.length + holds) * symbolSamples + Math.round((sampleRateHz * pauseMs) / 1000),
  )
  let at = 0
  const add = (pair: TonePair): void => {
    const low = toneTable(pair.lowHz, sampleRateHz)
    const high = toneTable(pair.highHz, sampleRateHz)
    for (let i = 0; i < symbolSamples; i++) {
      samples[at + i] = Math.round((low[i] ?? 0) * gains.low + (high[i] ?? 0) * gains.high)
    }
    at += symbolSamples
  }
  for (const pair of symbols) add(pair)
  for (let i = 0; i < holds; i++) add(HOLD_SYMBOL)
  return samples
}

function symbolsOf(word: SpokenWord): TonePair[] {
  return word.pieces.flatMap((piece) => [...SYNC_SYMBOLS, ...Array.from(piece, tonesOfByte)])
}

function gapAfter(word: string): number {
  if (/[.!?…。！？]["'”’»)\]]*$/u.test(word)) return SENTENCE_GAP_MS
  if (/[,;:–—]["'”’»)\]]*$/u.test(word)) return CLAUSE_GAP_MS
  return WORD_GAP_MS
}

/** Level within ±2 dB and tilt within ±3 dB, fixed by the voice's name. */
function gainsOfVoice(voice: string | undefined): { low: number; high: number } {
  if (!voice) return { low: 1, high: 1 }
  let hash = 7
  for (const character of voice) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 9973
  const levelDb = (hash % 5) - 2
  const tiltDb = (Math.floor(hash / 5) % 7) - 3
  return { low: 10 ** ((levelDb + tiltDb / 2) / 20), high: 10 ** ((levelDb - tiltDb / 2) / 20) }
}

/** At most 38 tones × 2 rates are ever made. */
const toneTables = new Map<number, Float64Array>()

/** One symbol of one tone with its fades. */
function toneTable(toneHz: number, sampleRateHz: number): Float64Array {
  const key = toneHz * 100_000 + sampleRateHz
  const known = toneTables.get(key)
  if (known) return known
  const length = (sampleRateHz * SYMBOL_MS) / 1000
  const ramp = (sampleRateHz * RAMP_MS) / 1000
  const table = new Float64Array(length)
  for (let i = 0; i < length; i++) {
    const edge = Math.min(i + 0.5, length - i - 0.5)
    const fade = edge < ramp ? 0.5 - 0.5 * Math.cos((Math.PI * edge) / ramp) : 1
    table[i] = TONE_AMPLITUDE * fade * Math.sin((2 * Math.PI * toneHz * i) / sampleRateHz)
  }
  toneTables.set(key, table)
  return table
}
