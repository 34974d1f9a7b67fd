import { FRAME_MS, MULAW_FRAME_BYTES, MULAW_SAMPLES } from '@phonevoice/audio'
import type { ClauseAudio } from './clause-audio.ts'

/** So far before and behind the wanted place a break between words is looked for. */
const BEFORE_MS = 100
const BEHIND_MS = 60

/**
 * Where to go on in a clause that was left at about `fromMs`: the quietest frame near by, so that no word begins in its middle. Of equally quiet ones the
 * nearest. Returns the frame's number.
 */
export function findBreak(clause: ClauseAudio, fromMs: number): number {
  const wanted = Math.floor(fromMs / FRAME_MS)
  if (wanted <= 0) return 0
  const first = Math.max(0, wanted - BEFORE_MS / FRAME_MS)
  const last = Math.min(wanted + BEHIND_MS / FRAME_MS, Math.floor(clause.bytes / MULAW_FRAME_BYTES) - 1)
  let best = wanted
  let bestLoudness = Infinity
  for (let frame = first; frame <= last; frame++) {
    const loudness = loudnessOf(clause.read(frame * MULAW_FRAME_BYTES, MULAW_FRAME_BYTES))
    const isNearer = Math.abs(frame - wanted) <= Math.abs(best - wanted)
    if (loudness > bestLoudness || (loudness === bestLoudness && !isNearer)) continue
    best = frame
    bestLoudness = loudness
  }
  return best
}

function loudnessOf(mulaw: Uint8Array): number {
  let sum = 0
  for (const code of mulaw) sum += Math.abs(MULAW_SAMPLES[code] as number)
  return sum
}
