import { FIR_INPUT_MAX, FIR_OUTPUT_MAX, FIR_UNITY, firFilter, TAPS_PER_STEP } from './fir-filter.ts'

/**
 * Changes the sample rate of 16-bit PCM with a polyphase FIR low-pass, for any ratio of whole rates.
 *
 * The signal is thought of as raised to a common multiple of both rates, filtered there by a Kaiser-windowed sinc that ends
 * at the lower rate's Nyquist frequency, then thinned out; only the products that survive are computed. 24 kHz → 8 kHz takes 73
 * taps per output sample, 8 kHz → 24 kHz 25. Telephone speech (300–3400 Hz) passes within 0.5 dB, aliases into that band stay
 * below −55 dB; between 3.4 and 4.6 kHz, where telephone lines carry nothing, the filter may do as it likes.
 *
 * The filter's delay is compensated: output sample n is the signal at the time of input sample n·from/to. In a stream the last
 * 1.5 ms are therefore held back until more input or `flush` comes.
 */
export interface Resampler {
  /** The samples that these complete. The output does not depend on how the input is cut into chunks. */
  process(pcm: Int16Array): Int16Array
  /** What is held back, as if silence followed; then the state is that of a new resampler. In total ceil(inputs · to / from) samples. */
  flush(): Int16Array
  /** Forgets everything: for after a cut, so that old sound does not leak into new. */
  reset(): void
}

export interface ResamplerOptions {
  fromHz: number
  toHz: number
}

/** Half the filter's length in samples of the lower rate: 1.5 ms at 8 kHz. */
const HALF_WIDTH = 12
/** Cutoff as a share of the lower rate: 4 kHz at 8 kHz, in the middle between what must pass and what would alias into it. */
const CUTOFF = 0.5
const KAISER_BETA = 5.65

export function createResampler({ fromHz, toHz }: ResamplerOptions): Resampler {
  if (!isRate(fromHz) || !isRate(toHz))
    throw new RangeError('A sample rate is a whole number of at least 1000 Hz.')
  if (fromHz === toHz) return passThrough
  const { up, down, center, tapsPerPhase, phases } = filterFor(fromHz, toHz)
  /** The samples before the next chunk that its first outputs still need. */
  const history = new Int16Array(tapsPerPhase - 1)
  const blockMax = Math.min(
    FIR_INPUT_MAX - history.length,
    Math.max(1, Math.floor(((FIR_OUTPUT_MAX - 1) * down) / up)),
  )
  let received = 0
  let emitted = 0
  /** Position of the next output at the common rate, relative to the first sample of the next chunk. */
  let position = center

  function reset(): void {
    history.fill(0)
    received = 0
    emitted = 0
    position = center
  }

  function process(pcm: Int16Array): Int16Array {
    const span = pcm.length * up
    const output = new Int16Array(position < span ? Math.ceil((span - position) / down) : 0)
    let filled = 0
    for (let at = 0; at < pcm.length; at += blockMax) {
      const made = processBlock(pcm.subarray(at, at + blockMax))
      output.set(firFilter.output.subarray(0, made), filled)
      filled += made
    }
    received += pcm.length
    emitted += output.length
    return output
  }

  /** Leaves its output in the filter's memory, and says how much it is. */
  function processBlock(pcm: Int16Array): number {
    const { input, taps } = firFilter
    input.set(history)
    input.set(pcm, history.length)
    const span = pcm.length * up
    const made = position < span ? Math.ceil((span - position) / down) : 0
    // Every `up`th output has the same phase, so the same taps.
    for (let first = 0; first < Math.min(up, made); first++) {
      const firstPosition = position + first * down
      const newest = Math.floor(firstPosition / up)
      taps.set(phases[firstPosition - newest * up] as Int16Array)
      firFilter.run({
        tapCount: tapsPerPhase,
        inputAt: newest,
        inputStep: down,
        outputAt: first,
        outputStep: up,
        count: Math.ceil((made - first) / up),
      })
    }
    position += made * down - span
    history.set(input.subarray(pcm.length, pcm.length + history.length))
    return made
  }

  return {
    process,
    flush() {
      const missing = Math.ceil((received * up) / down) - emitted
      const tail = process(new Int16Array(Math.ceil(center / up) + 1)).slice(0, missing)
      reset()
      return tail
    },
    reset,
  }
}

const passThrough: Resampler = {
  process: (pcm) => pcm.slice(),
  flush: () => new Int16Array(0),
  reset() {},
}

interface PolyphaseFilter {
  up: number
  down: number
  /** Index of the filter's middle at the common rate. */
  center: number
  tapsPerPhase: number
  /** For each phase the taps in the order of the inputs, which sum up to `FIR_UNITY`, so that a constant stays exactly itself. */
  phases: readonly Int16Array[]
}

/** Filters depend on the two rates only and hold no audio; every resampler of a process shares them. */
const filters = new Map<string, PolyphaseFilter>()

function filterFor(fromHz: number, toHz: number): PolyphaseFilter {
  const key = `${fromHz}:${toHz}`
  const known = filters.get(key)
  if (known) return known
  const built = buildFilter(fromHz, toHz)
  // Rates come from audio headers; do not let odd ones collect for ever.
  if (filters.size >= 32) filters.clear()
  filters.set(key, built)
  return built
}

function buildFilter(fromHz: number, toHz: number): PolyphaseFilter {
  const divisor = greatestCommonDivisor(fromHz, toHz)
  const up = toHz / divisor
  const down = fromHz / divisor
  const lowHz = Math.min(fromHz, toHz)
  const commonHz = fromHz * up
  const center = Math.ceil((HALF_WIDTH * commonHz) / lowHz)
  const length = 2 * center + 1
  const tapsPerPhase = Math.ceil(length / up)
  const radiansPerStep = (2 * Math.PI * CUTOFF * lowHz) / commonHz
  const phases = Array.from({ length: up }, (_, phase) => {
    const taps = new Float64Array(tapsPerPhase)
    let sum = 0
    for (let j = 0; j < tapsPerPhase; j++) {
      const offset = phase + j * up - center
      if (Math.abs(offset) > center) continue
      const sinc = offset === 0 ? 1 : Math.sin(radiansPerStep * offset) / (radiansPerStep * offset)
      const tap = sinc * kaiser(offset / center)
      taps[j] = tap
      sum += tap
    }
    return toParts(taps.map((tap) => tap / sum))
  })
  return { up, down, center, tapsPerPhase, phases }
}

/** Backwards, since the filter's taps go back in time; in whole numbers, the largest of them taking what rounding left over. */
function toParts(taps: Float64Array): Int16Array {
  const whole = taps.toReversed().map((tap) => Math.round(tap * FIR_UNITY))
  const largest = whole.indexOf(Math.max(...whole))
  whole[largest] = (whole[largest] as number) + FIR_UNITY - whole.reduce((sum, tap) => sum + tap, 0)
  const parts = new Int16Array(Math.ceil(taps.length / TAPS_PER_STEP) * TAPS_PER_STEP)
  parts.set(whole)
  return parts
}

/** The Kaiser window at x in −1…1. */
function kaiser(x: number): number {
  return besselI0(KAISER_BETA * Math.sqrt(Math.max(0, 1 - x * x))) / besselI0(KAISER_BETA)
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function isRate(hz: number): boolean {
  return Number.isInteger(hz) && hz >= 1000 && hz <= 192_000
}
