import { SILENCE_DBFS } from './pcm.ts'

/** Tracks the level of what is always there (line noise, a room), so that only what rises above it counts as speech. */
export interface NoiseFloor {
  /** Takes one frame's level. */
  push(levelDbfs: number): void
  reset(): void
  /** The estimate. */
  readonly dbfs: number
}

/** Speech pauses within two seconds, noise does not: the floor is the quietest frame of the last five spans of 400 ms. */
const SPANS = 5
const FRAMES_PER_SPAN = 20
/** A digital line is quieter than any room; do not adapt to that. */
const FLOOR_DBFS_MIN = -70
/**
 * Until the first spans have passed, sound that was there from the first frame is either noise or someone who answered speaking.
 * What is louder than this is taken for the person.
 */
const INITIAL_DBFS_MAX = -35

export function createNoiseFloor(): NoiseFloor {
  const minima = new Float64Array(SPANS).fill(INITIAL_DBFS_MAX)
  let span = 0
  let frames = 0
  let dbfs = INITIAL_DBFS_MAX

  function quietest(): number {
    let quiet = 0
    for (let i = 0; i < SPANS; i++) quiet = Math.min(quiet, minima[i] as number)
    return Math.max(FLOOR_DBFS_MIN, quiet)
  }

  return {
    push(levelDbfs) {
      if (frames === FRAMES_PER_SPAN) {
        span = (span + 1) % SPANS
        minima[span] = levelDbfs
        frames = 0
        dbfs = quietest()
      }
      frames++
      if (levelDbfs < (minima[span] as number)) minima[span] = Math.max(SILENCE_DBFS, levelDbfs)
      dbfs = Math.max(FLOOR_DBFS_MIN, Math.min(dbfs, levelDbfs))
    },
    reset() {
      minima.fill(INITIAL_DBFS_MAX)
      span = 0
      frames = 0
      dbfs = INITIAL_DBFS_MAX
    },
    get dbfs() {
      return dbfs
    },
  }
}
