import { SYMBOL_SAMPLES_8K, SYNC_SYMBOLS } from './tones.ts'

/** The search looks at audio in blocks of 2.5 ms: a start found to within half a block is near enough to read 20 ms symbols. */
export const SYNC_BLOCK_SAMPLES = 20

/** Quieter than this (mean square per sample, about -46 dBFS) is not worth a look. */
export const GATE_MEAN_SQUARE = 27_000

const BLOCKS_PER_SYMBOL = SYMBOL_SAMPLES_8K / SYNC_BLOCK_SAMPLES
const RING_BLOCKS = 2 * BLOCKS_PER_SYMBOL
/** Per block: real and imaginary part for each of the four sync tones. */
const SUMS_PER_BLOCK = 8
/** Share of a window's energy that must be in its two sync tones. A clean sync has 0.93. */
const SHARE_MIN = 0.3
/** After the best place was seen, this many worse blocks confirm it. */
const CONFIRM_BLOCKS = 3

/** Finds the two sync symbols that open a word in a stream of blocks. */
export interface SyncSearch {
  /**
   * Looks at the next block, `samples[offset … offset + 19]`, whose first sample has the stream position `position` (a multiple of the
   * block length). Returns the position at which a sync began once one is certain, else null.
   */
  look(samples: Int16Array, offset: number, position: number): number | null
  /** Forgets what was seen. */
  reset(): void
}

/** Tables of the four sync tones; all have a period of one symbol because they are multiples of 50 Hz. */
const REFERENCE = makeReference()

export function createSyncSearch(): SyncSearch {
  const sums = new Float64Array(RING_BLOCKS * SUMS_PER_BLOCK)
  const energies = new Float64Array(RING_BLOCKS)
  let newest = 0
  let quietBlocks = RING_BLOCKS
  let previousPower = 0
  let bestPower = 0
  let bestBefore = 0
  let bestAfter = -1
  let bestEnd = 0
  let worseBlocks = 0

  const reset = (): void => {
    sums.fill(0)
    energies.fill(0)
    quietBlocks = RING_BLOCKS
    previousPower = 0
    bestPower = 0
  }

  const look = (samples: Int16Array, offset: number, position: number): number | null => {
    let energy = 0
    for (let i = 0; i < SYNC_BLOCK_SAMPLES; i++) {
      const sample = samples[offset + i]!
      energy += sample * sample
    }
    const isQuiet = energy < GATE_MEAN_SQUARE * SYNC_BLOCK_SAMPLES
    quietBlocks = isQuiet ? quietBlocks + 1 : 0
    if (quietBlocks > RING_BLOCKS) return null
    newest = (newest + 1) % RING_BLOCKS
    energies[newest] = energy
    if (isQuiet) sums.fill(0, newest * SUMS_PER_BLOCK, (newest + 1) * SUMS_PER_BLOCK)
    else demodulate(samples, offset, position)
    return judge(position + SYNC_BLOCK_SAMPLES)
  }

  function demodulate(samples: Int16Array, offset: number, position: number): void {
    let at = (position % SYMBOL_SAMPLES_8K) * SUMS_PER_BLOCK
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    let s4 = 0
    let s5 = 0
    let s6 = 0
    let s7 = 0
    for (let i = 0; i < SYNC_BLOCK_SAMPLES; i++) {
      const sample = samples[offset + i]!
      s0 += sample * REFERENCE[at]!
      s1 += sample * REFERENCE[at + 1]!
      s2 += sample * REFERENCE[at + 2]!
      s3 += sample * REFERENCE[at + 3]!
      s4 += sample * REFERENCE[at + 4]!
      s5 += sample * REFERENCE[at + 5]!
      s6 += sample * REFERENCE[at + 6]!
      s7 += sample * REFERENCE[at + 7]!
      at += SUMS_PER_BLOCK
    }
    const base = newest * SUMS_PER_BLOCK
    sums[base] = s0
    sums[base + 1] = s1
    sums[base + 2] = s2
    sums[base + 3] = s3
    sums[base + 4] = s4
    sums[base + 5] = s5
    sums[base + 6] = s6
    sums[base + 7] = s7
  }

  function judge(end: number): number | null {
    const power = powerNow()
    if (power > bestPower) {
      bestBefore = previousPower
      bestPower = power
      bestAfter = -1
      bestEnd = end
      worseBlocks = 0
    } else if (bestPower > 0) {
      if (bestAfter < 0) bestAfter = power
      worseBlocks++
    }
    previousPower = power
    if (bestPower === 0 || worseBlocks < CONFIRM_BLOCKS) return null
    const start = bestEnd + interpolate(bestBefore, bestPower, bestAfter) - 2 * SYMBOL_SAMPLES_8K
    bestPower = 0
    return Math.round(start)
  }

  /** Power in the sync tones, the older symbol's in the older half of the ring; 0 when either half does not look like sync. */
  function powerNow(): number {
    let older = 0
    let newer = 0
    for (let i = 1; i <= RING_BLOCKS; i++) {
      const energy = energies[(newest + i) % RING_BLOCKS]!
      if (i <= BLOCKS_PER_SYMBOL) older += energy
      else newer += energy
    }
    const gate = GATE_MEAN_SQUARE * SYMBOL_SAMPLES_8K
    if (older < gate || newer < gate) return 0
    const olderPower = pairPower(1, 0)
    if (olderPower < SHARE_MIN * older * (SYMBOL_SAMPLES_8K / 2)) return 0
    const newerPower = pairPower(1 + BLOCKS_PER_SYMBOL, 4)
    if (newerPower < SHARE_MIN * newer * (SYMBOL_SAMPLES_8K / 2)) return 0
    return olderPower + newerPower
  }

  function pairPower(firstBlock: number, firstSum: number): number {
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    for (let i = 0; i < BLOCKS_PER_SYMBOL; i++) {
      const at = ((newest + firstBlock + i) % RING_BLOCKS) * SUMS_PER_BLOCK + firstSum
      a += sums[at]!
      b += sums[at + 1]!
      c += sums[at + 2]!
      d += sums[at + 3]!
    }
    return a * a + b * b + c * c + d * d
  }

  return { look, reset }
}

/** Where between three neighbouring blocks the peak lies, in samples from the middle one. */
function interpolate(before: number, best: number, after: number): number {
  const curve = before - 2 * best + after
  if (curve >= 0) return 0
  const blocks = (before - after) / (2 * curve)
  return Math.max(-0.5, Math.min(0.5, blocks)) * SYNC_BLOCK_SAMPLES
}

function makeReference(): Float64Array {
  const tones = SYNC_SYMBOLS.flatMap(({ lowHz, highHz }) => [lowHz, highHz])
  const table = new Float64Array(SYMBOL_SAMPLES_8K * SUMS_PER_BLOCK)
  for (let i = 0; i < SYMBOL_SAMPLES_8K; i++) {
    for (const [tone, toneHz] of tones.entries()) {
      const angle = (2 * Math.PI * toneHz * i) / 8000
      table[i * SUMS_PER_BLOCK + tone * 2] = Math.cos(angle)
      table[i * SUMS_PER_BLOCK + tone * 2 + 1] = Math.sin(angle)
    }
  }
  return table
}
