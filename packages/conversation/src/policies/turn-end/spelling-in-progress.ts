import type { TurnEndPolicy } from './policy.ts'

/** Two or more single letters at the end: a name being spelled. */
export const spellingInProgress: TurnEndPolicy = ({ words }) => {
  const tail = words.slice(-2)
  return tail.length === 2 && tail.every((word) => /^\p{L}$/u.test(word)) ? 'long' : null
}
