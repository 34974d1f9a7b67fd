import { isMadeOf } from '../../words.ts'
import type { TurnEndPolicy } from './policy.ts'

/** "Yes", "okay", "no thank you": whole answers, always answered, and fast. */
export const shortAnswer: TurnEndPolicy = ({ words, language }) =>
  isMadeOf(words, language.shortAnswers) && words.length <= 4 ? 'short' : null
