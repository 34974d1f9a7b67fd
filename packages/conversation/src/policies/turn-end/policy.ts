import type { Language } from '../../languages/language.ts'

/** What the caller has said in a turn that may be over. */
export interface SaidSoFar {
  /** Spans joined by blanks, as the recogniser wrote them. Never empty. */
  text: string
  /** The same in normal form. */
  words: readonly string[]
  language: Language
}

/** How long to wait after the end of speech: as short or as long as the settings allow. `null`: this policy has no opinion. */
export type TurnEndPolicy = (said: SaidSoFar) => 'short' | 'long' | null
