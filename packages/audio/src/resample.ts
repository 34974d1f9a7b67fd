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
  const historyLength = tapsPerPhase - 1
  /** Samples as doubles: converting each of them once is cheaper than at every multiplication. */
  let work = new Float64Array(historyLength + 1024)
  let received = 0
  let emitted = 0
  /** Position of the next output at the common rate, relative to the first sample of the next chunk. */
  let position = center

  function reset(): void {
    work.fill(0, 0, historyLength)
    received = 0
    emitted = 0
    position = center
  }

  function process(pcm: Int16Array): Int16Array {
    const filled = historyLength + pcm.length
    if (work.length < filled) {
      const larger = new Float64Array(filled)
      larger.set(work.subarray(0, historyLength))
      work = larger
    }
    work.set(pcm, historyLength)
    const span = pcm.length * up
    const output = new Int16Array(position < span ? Math.ceil((span - position) / down) : 0)
    for (let n = 0; n < output.length; n++) {
      const newest = Math.floor(position / up)
      const taps = phases[position - newest * up] as Float64Array
      const at = historyLength + newest
      const sum = up === 1 ? sumSymmetric(taps, work, at, center) : sumProducts(taps, work, at)
      output[n] = sum > 32767 ? 32767 : sum < -32768 ? -32768 : Math.round(sum)
      position += down
    }
    position -= span
    work.copyWithin(0, pcm.length, filled)
    received += pcm.length
    emitted += output.length
    return output
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

/**
 * The products of the taps with the samples before `at`, the newest first. Four sums that do not wait for each other: a single one would leave the processor
 * idle for most of each addition. Which product goes into which sum, and so the rounding, never depends on the cut into chunks.
 */
function sumProducts(taps: Float64Array, samples: Float64Array, at: number): number {
  const unrolled = taps.length - (taps.length % 4)
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let j = 0
  for (; j < unrolled; j += 4) {
    a += (taps[j] as number) * (samples[at - j] as number)
    b += (taps[j + 1] as number) * (samples[at - j - 1] as number)
    c += (taps[j + 2] as number) * (samples[at - j - 2] as number)
    d += (taps[j + 3] as number) * (samples[at - j - 3] as number)
  }
  for (; j < taps.length; j++) a += (taps[j] as number) * (samples[at - j] as number)
  return a + b + (c + d)
}

/** The same for the whole filter, which is the only phase when samples are thinned out. It is symmetric, so two samples share a tap; `center` is a multiple of 4. */
function sumSymmetric(taps: Float64Array, samples: Float64Array, at: number, center: number): number {
  const oldest = at - 2 * center
  let a = (taps[center] as number) * (samples[at - center] as number)
  let b = 0
  let c = 0
  let d = 0
  for (let j = 0; j < center; j += 4) {
    a += (taps[j] as number) * ((samples[at - j] as number) + (samples[oldest + j] as number))
    b += (taps[j + 1] as number) * ((samples[at - j - 1] as number) + (samples[oldest + j + 1] as number))
    c += (taps[j + 2] as number) * ((samples[at - j - 2] as number) + (samples[oldest + j + 2] as number))
    d += (taps[j + 3] as number) * ((samples[at - j - 3] as number) + (samples[oldest + j + 3] as number))
  }
  return a + b + (c + d)
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
  /** For each phase the taps in the order in which inputs go back in time; each sums to 1, so that a constant stays exactly itself. */
  phases: readonly Float64Array[]
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
    return taps.map((tap) => tap / sum)
  })
  return { up, down, center, tapsPerPhase, phases }
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
