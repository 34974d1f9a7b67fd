import type { SpokenRule } from '../spoken-forms.ts'
import { english } from './en.ts'
import { french } from './fr.ts'
import { neutral } from './neutral.ts'

/**
 * What the machine must know about a language, as data. Words and phrases are in normal form: lower case, no punctuation, hyphens as spaces,
 * apostrophes straight (see `words.ts`). A new language is a new file and a line in `languages`.
 */
export interface Language {
  /** Said by a listener who wants the speaker to go on. Only consulted while the agent is speaking. */
  backchannels: readonly string[]
  /** Sounds of a speaker who is still thinking; at the end of a text they mean more will come. */
  fillers: readonly string[]
  /** Always interrupt the agent, however short. */
  stopPhrases: readonly string[]
  /** Conjunctions, articles, prepositions: a text that ends in one of them is not finished. */
  danglingWords: readonly string[]
  /** Single digits as words, and words that stand between digits ("double"). */
  digitWords: readonly string[]
  /** Words that announce a number to come, so that even one digit is the beginning of it. */
  numberCues: readonly string[]
  /** Words that announce an e-mail address. */
  emailCues: readonly string[]
  /** Words that join the parts of a spoken e-mail address. */
  emailJoiners: readonly string[]
  /** Whole answers of a word or two; answered fast. */
  shortAnswers: readonly string[]
  /** What people say when they pick up; over a greeting it is no answer to it. */
  greetings: readonly string[]
  /** What people say while taking leave; they do not stop an agent that is saying goodbye. */
  goodbyes: readonly string[]
  /** Written before a name or in running text with a full stop that ends nothing. Without the full stop, lower case. */
  abbreviations: readonly string[]
  /** How what is written is said; the first rule that fits a place counts. */
  spokenRules: readonly SpokenRule[]
  /** Spoken when the model is slow, one after another. */
  holdPhrases: readonly string[]
  /** Spoken when an answer broke off in the middle: takes the blame and gives the caller the word. Null where we have no words. */
  brokenOff: string | null
  /** Spoken before the end when something of ours has failed; null where we have no words. */
  apology: string | null
  /** Spoken when the caller takes leave and the assistant has no message of its own. */
  goodbye: string | null
  /** Spoken before the longest allowed duration ends the call. */
  timeIsUp: string | null
  /** Spoken before the largest allowed cost ends the call. */
  costReached: string | null
  /** Spoken when another process takes over a call that was cut. */
  resumed: string | null
}

const languages: Readonly<Record<string, Language>> = { en: english, fr: french }

/** The data for a BCP 47 tag, chosen by its primary subtag; the neutral set for a language we have no data for. */
export function languageFor(tag: string): Language {
  const primary = tag.split('-', 1)[0]?.toLowerCase() ?? ''
  return languages[primary] ?? neutral
}
