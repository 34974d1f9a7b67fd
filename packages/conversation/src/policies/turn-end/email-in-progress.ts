import { hasPhrase } from '../../words.ts'
import type { TurnEndPolicy } from './policy.ts'

/**
 * An e-mail address that has begun and has no end yet: a joiner ("at", "dot") stands last, or the part behind the "at" has no dot. Spoken joiners
 * count only where an address was announced, since "at" is an ordinary word.
 */
export const emailInProgress: TurnEndPolicy = ({ text, words, language }) => {
  if (/@[^\s.]*[.,]?\s*$/.test(text)) return 'long'
  const isAnnounced = language.emailCues.some((cue) => hasPhrase(words, cue))
  if (!isAnnounced || /[?!]\s*$/.test(text)) return null
  const last = words.at(-1) ?? ''
  if (language.emailJoiners.includes(last)) return 'long'
  const joined = words.findLastIndex((word) => language.emailJoiners.includes(word))
  const isSpokenAddress = joined > 0
  const isAfterFirstJoiner = words.filter((word) => language.emailJoiners.includes(word)).length === 1
  return isSpokenAddress && isAfterFirstJoiner ? 'long' : null
}
