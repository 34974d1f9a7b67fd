import { HIGH_TONE_HZ, LOW_TONE_HZ, SYMBOL_SAMPLES_8K, TONE_STEP_HZ } from './tones.ts'

/** The tones' common period at 8 kHz: both halves of a symbol are added before they are analysed, which loses nothing. */
const PERIOD = 8000 / TONE_STEP_HZ
const HALF = PERIOD / 2
const TONES = 32
const FIRST_BIN = LOW_TONE_HZ / TONE_STEP_HZ
const FIRST_HIGH_TONE = (HIGH_TONE_HZ - LOW_TONE_HZ) / TONE_STEP_HZ

/** Row per tone: cosines 0 … 40, then sines 1 … 39. The symmetry of a period halves the work once more. */
const ROW = HALF + 1 + (HALF - 1)
const TABLE = makeTable()
const folded = new Float64Array(ROW)

/** What a 20 ms symbol says. */
export interface SymbolReading {
  byte: number
  /** Mean square per sample. */
  meanSquare: number
  /** Both tones stand out from the others of their kind; where they do not, the byte is a guess. */
  isClear: boolean
}

/** The runner-up may have this share of the winner's power. On a clean line it has a hundredth. */
const RUNNER_UP_MAX = 0.5

const reading: SymbolReading = { byte: 0, meanSquare: 0, isClear: false }

/**
 * Reads the byte of the symbol at `samples[offset … offset + 159]`: the strongest low and the strongest high tone. The result is one
 * object used again at the next call.
 */
export function readSymbol(samples: Int16Array, offset: number): SymbolReading {
  let energy = 0
  for (let i = 0; i < SYMBOL_SAMPLES_8K; i++) {
    const sample = samples[offset + i]!
    energy += sample * sample
  }
  fold(samples, offset)
  isEveryToneClear = true
  const low = strongest(0, FIRST_HIGH_TONE)
  const high = strongest(FIRST_HIGH_TONE, TONES) - FIRST_HIGH_TONE
  reading.byte = (low << 4) | high
  reading.meanSquare = energy / SYMBOL_SAMPLES_8K
  reading.isClear = isEveryToneClear
  return reading
}

function fold(samples: Int16Array, offset: number): void {
  folded[0] = samples[offset]! + samples[offset + PERIOD]!
  folded[HALF] = samples[offset + HALF]! + samples[offset + HALF + PERIOD]!
  for (let i = 1; i < HALF; i++) {
    const rising = samples[offset + i]! + samples[offset + i + PERIOD]!
    const falling = samples[offset + PERIOD - i]! + samples[offset + 2 * PERIOD - i]!
    folded[i] = rising + falling
    folded[HALF + i] = rising - falling
  }
}

/** Set by `strongest`, which stays free of allocations. */
let isEveryToneClear = true

function strongest(from: number, to: number): number {
  let best = from
  let bestPower = -1
  let runnerUp = -1
  for (let tone = from; tone < to; tone++) {
    const row = tone * ROW
    let real = 0
    let imaginary = 0
    for (let i = 0; i <= HALF; i++) real += folded[i]! * TABLE[row + i]!
    for (let i = HALF + 1; i < ROW; i++) imaginary += folded[i]! * TABLE[row + i]!
    const power = real * real + imaginary * imaginary
    if (power > bestPower) {
      runnerUp = bestPower
      bestPower = power
      best = tone
    } else if (power > runnerUp) {
      runnerUp = power
    }
  }
  if (runnerUp > RUNNER_UP_MAX * bestPower) isEveryToneClear = false
  return best
}

function makeTable(): Float64Array {
  const table = new Float64Array(TONES * ROW)
  for (let tone = 0; tone < TONES; tone++) {
    const step = (2 * Math.PI * (FIRST_BIN + tone)) / PERIOD
    for (let i = 0; i <= HALF; i++) table[tone * ROW + i] = Math.cos(step * i)
    for (let i = 1; i < HALF; i++) table[tone * ROW + HALF + i] = Math.sin(step * i)
  }
  return table
}
