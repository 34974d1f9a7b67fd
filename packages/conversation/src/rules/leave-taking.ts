import { hasPhrase, wordsOf } from '../words.ts'

/** Whether an utterance begins or ends with a phrase that ends the call: "okay thanks, goodbye", not "I did not say goodbye to her". */
export function isLeaveTaking(text: string, phrases: readonly string[]): boolean {
  const words = wordsOf(text)
  return phrases.some((phrase) => hasPhrase(words, phrase, 'start') || hasPhrase(words, phrase, 'end'))
}
