import { isMadeOf } from '../../words.ts'
import type { TurnStartPolicy } from './policy.ts'

/** "Thanks, bye" over the agent's own goodbye takes no turn. */
export const parting: TurnStartPolicy = ({ words, isFinal, isParting, language }) =>
  isParting && isMadeOf(words, [...language.goodbyes, ...language.backchannels], !isFinal) ? 'ignore' : null
