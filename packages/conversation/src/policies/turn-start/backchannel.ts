import { isMadeOf } from '../../words.ts'
import type { TurnStartPolicy } from './policy.ts'

/** "Mm-hm", "yeah, okay": said to keep the agent talking. While words still come in, the beginning of one is given the benefit of the doubt. */
export const backchannel: TurnStartPolicy = ({ words, isFinal, settings, language }) =>
  isMadeOf(words, [...settings.ignorePhrases, ...language.backchannels], !isFinal) ? 'ignore' : null
