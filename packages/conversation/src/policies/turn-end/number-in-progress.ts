import type { TurnEndPolicy } from './policy.ts'

/**
 * A text that ends in digits is taken for a number being dictated in groups: nobody can tell its last group from the others. A lone digit counts
 * only where a number was announced ("my number is five"); times, prices and ordinals are not digit strings.
 */
export const numberInProgress: TurnEndPolicy = ({ text, words, language }) => {
  if (/([$€£]\s?[\d.,]+|\d[:h]\d\d|\d\s?[%€])[.!?]*\s*$/.test(text) || /[?!]\s*$/.test(text)) return null
  let tokens = 0
  let digits = 0
  for (const word of words.toReversed()) {
    if (/^\d+$/.test(word)) digits += word.length
    else if (language.digitWords.includes(word)) digits += 1
    else break
    tokens += 1
  }
  if (tokens === 0) return null
  const isAnnounced = words.some((word) => language.numberCues.includes(word))
  return isAnnounced || tokens >= 2 || digits >= 3 ? 'long' : null
}
