import type { TurnEndPolicy } from './policy.ts'

/** The recogniser wrote a sentence mark at the end. */
export const finishedSentence: TurnEndPolicy = ({ text }) =>
  /[.?!。？！｡।؟۔]["'”’»)]*\s*$/.test(text) ? 'short' : null
