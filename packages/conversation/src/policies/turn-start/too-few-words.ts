import type { TurnStartPolicy } from './policy.ts'

/** Fewer words than the assistant's `minWords`. */
export const tooFewWords: TurnStartPolicy = ({ words, settings }) =>
  words.length < settings.minWords ? 'ignore' : null
