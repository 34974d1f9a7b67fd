import { hasPhrase, isMadeOf } from '../../words.ts'
import type { TurnStartPolicy } from './policy.ts'

/** "Stop", "wait": interrupts, however short. An assistant's own ignore phrase outranks the language's stop phrases, not its own. */
export const stopPhrase: TurnStartPolicy = ({ words, settings, language }) => {
  if (settings.stopPhrases.some((phrase) => hasPhrase(words, phrase))) return 'interrupt'
  if (isMadeOf(words, settings.ignorePhrases)) return null
  return language.stopPhrases.some((phrase) => hasPhrase(words, phrase)) ? 'interrupt' : null
}
