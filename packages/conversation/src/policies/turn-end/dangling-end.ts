import { hasPhrase } from '../../words.ts'
import type { TurnEndPolicy } from './policy.ts'

/**
 * "…and", "…um", a comma, an ellipsis: the caller will go on. Recognisers put a full stop behind anything, so it does not count against the word
 * before it; a question mark does ("What is this for?").
 */
export const danglingEnd: TurnEndPolicy = ({ text, words, language }) => {
  if (/[,;:–—-]\s*$|\.\.\.\s*$|…\s*$/.test(text)) return 'long'
  if (/[?!？！؟]\s*$/.test(text)) return null
  const isOpen = [...language.danglingWords, ...language.fillers].some((phrase) =>
    hasPhrase(words, phrase, 'end'),
  )
  return isOpen ? 'long' : null
}
