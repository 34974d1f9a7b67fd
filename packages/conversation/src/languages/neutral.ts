import type { Language } from './language.ts'
import { markdownLink } from './spoken-rules.ts'

/** For languages without data of their own: sounds most people make, and no sentence of ours in a language the caller may not speak. */
export const neutral: Language = {
  backchannels: ['mm', 'mmm', 'mhm', 'mm hm', 'mm hmm', 'hm', 'hmm', 'uh huh', 'aha', 'ok', 'okay', 'ah'],
  fillers: ['uh', 'um', 'uhm', 'er', 'eh', 'ehm', 'hm', 'hmm', 'mm', 'mmm'],
  stopPhrases: ['stop'],
  danglingWords: [],
  digitWords: [],
  numberCues: [],
  emailCues: ['email', 'e mail', 'mail'],
  emailJoiners: [],
  shortAnswers: ['ok', 'okay'],
  greetings: ['allo', 'hello', 'hallo'],
  goodbyes: ['bye', 'bye bye', 'ciao'],
  abbreviations: [],
  spokenRules: [markdownLink],
  holdPhrases: [],
  brokenOff: null,
  apology: null,
  goodbye: null,
  timeIsUp: null,
  costReached: null,
  resumed: null,
}
