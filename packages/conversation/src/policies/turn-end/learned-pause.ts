/**
 * What a caller's own pauses teach: someone who stops for 600 ms between two sentences should not be answered after 200. The learned pause moves
 * towards each pause inside a turn and back towards the shortest wait with each turn that had none, so a hesitant start costs a few turns, not the
 * call. It never leaves [minMs, maxMs], and depends on nothing but what was said and when.
 */

export interface WaitRange {
  minMs: number
  maxMs: number
}

/** How far one pause moves the average. */
const weightOfPause = 0.7
/** How much of what was learned beyond the shortest wait is kept after a turn without a pause. */
const keptPerTurn = 0.9
/** Waiting exactly as long as the caller usually pauses would be too early half of the time. */
const margin = 1.25

/** The average after one more pause inside a turn; null: nothing learned before. */
export function learnPause(learnedMs: number | null, pauseMs: number, { minMs, maxMs }: WaitRange): number {
  const heardMs = clamp(pauseMs * margin, minMs, maxMs)
  const beforeMs = learnedMs ?? minMs
  return Math.round(beforeMs + (heardMs - beforeMs) * weightOfPause)
}

/** The average after a turn that had no pause. */
export function forgetPause(learnedMs: number | null, { minMs }: WaitRange): number | null {
  if (learnedMs === null) return null
  const keptMs = Math.round(minMs + (learnedMs - minMs) * keptPerTurn)
  // Close enough to the setting to be the setting.
  return keptMs - minMs < 20 ? null : keptMs
}

/** The waits for this caller: the shortest one is at least what was learned. */
export function adaptedRange(range: WaitRange, learnedMs: number | null): WaitRange {
  if (learnedMs === null) return range
  return { minMs: clamp(learnedMs, range.minMs, Math.max(range.minMs, range.maxMs)), maxMs: range.maxMs }
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value))
}
