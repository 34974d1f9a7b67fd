import type { TurnStartPolicy } from './policy.ts'

/** A cough, a door, music: voice activity that the recogniser found no words in. */
export const noWords: TurnStartPolicy = ({ words }) => (words.length === 0 ? 'ignore' : null)
