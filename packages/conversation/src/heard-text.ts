import type { Language } from './languages/language.ts'
import { spokenPlaces } from './spoken-forms.ts'

/** Milliseconds one written character takes to be spoken; about 150 words of five letters a minute. Used only where no duration is known. */
const msPerCharacter = 66

/** How long a text is likely to take when spoken, in milliseconds. */
export function estimateSpeechMs(text: string): number {
  return text.trim().length * msPerCharacter
}

/**
 * What a listener has heard of `text` after `heardMs` of its audio: a prefix that ends at the end of a word. The share of the time is taken as the
 * share of the characters as they are said, which holds to within a word for any voice and needs nothing from it. A word counts once more than half of
 * it was heard. `durationMs` null means the voice had not finished the clause, so its length is estimated.
 */
export function heardText(
  text: string,
  heardMs: number,
  durationMs: number | null,
  language: Language,
): string {
  if (heardMs <= 0) return ''
  const placeOf = spokenPlaces(text, language)
  const first = placeOf(text.length - text.trimStart().length)
  const characters = placeOf(text.trimEnd().length) - first
  const totalMs = durationMs ?? characters * msPerCharacter
  if (heardMs >= totalMs) return text
  const heardCharacters = (heardMs / totalMs) * characters
  let end = 0
  for (const word of text.matchAll(/\S+/g)) {
    const middle = (placeOf(word.index) + placeOf(word.index + word[0].length)) / 2 - first
    if (middle > heardCharacters) break
    end = word.index + word[0].length
  }
  return text.slice(0, end)
}
