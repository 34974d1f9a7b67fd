/** What is said in the simulated calls, and how fast the stand-ins say it. One place, because the floors follow from it. */

/** Everything a caller ever says. The order is on the wire: `frames.ts` writes an utterance's place in this list into its audio. */
export const UTTERANCES = {
  /** Heard as a finished sentence, so that it is answered at once. */
  sentence: 'I would like to come in on Tuesday.',
  /** Answered at length. */
  storyRequest: 'Please tell me the whole long story again.',
  /** Answered in four sentences. */
  listRequest: 'Please read me the short list again.',
  numberBegins: 'My number is five five five',
  numberEnds: 'one two three four.',
  /** Content, and no stop phrase: what interrupts is that somebody speaks. The last word is the caller's name. */
  interruption: 'I would rather hear about the other one for #.',
  murmur: 'Uh huh.',
  /** Sounds like speech to voice activity; the recogniser finds no words in it. */
  noise: '',
} as const
export type UtteranceName = keyof typeof UTTERANCES
export const UTTERANCE_NAMES = Object.keys(UTTERANCES) as UtteranceName[]

export const WORDS_PER_SENTENCE = 9
/** How many words the model answers with. */
export const ANSWER_WORDS = { usual: 18, list: 36, story: 99 }
/** How long the assistant's voice takes for a word. */
export const SPOKEN_WORD_MS = 260

export const DELAYS = {
  /** Nobody can know earlier that the caller has stopped. */
  silenceMs: 150,
  /** From the commit to the final text. */
  sttFinalMs: 80,
  llmFirstTokenMs: 200,
  llmPerWordMs: 15,
  ttsFirstByteMs: 100,
}

/** The first sentence is the clause that the caller waits for. It is known to be over when the word behind it comes. */
const FIRST_CLAUSE_MS =
  DELAYS.llmFirstTokenMs + WORDS_PER_SENTENCE * DELAYS.llmPerWordMs + DELAYS.ttsFirstByteMs

/** With these vendors no platform can be faster that waits for the final text. */
export const FLOOR_MS = DELAYS.silenceMs + DELAYS.sttFinalMs + FIRST_CLAUSE_MS

/** Nor one that begins to think when it has guessed the last word, so long before the end of speech. The turn itself is over no sooner than the final text. */
export function earlyFloorMs(lastGuessBeforeEndMs: number): number {
  return Math.max(DELAYS.silenceMs + DELAYS.sttFinalMs, FIRST_CLAUSE_MS - lastGuessBeforeEndMs)
}

/** The words of an answer, each with a place of its own, so that what is heard can be told from its sound (`voice.ts`). */
export function answerWords(answer: number, count: number): string[] {
  return Array.from({ length: count }, (_, place) => {
    const at = place % WORDS_PER_SENTENCE
    // No two answers are alike: what was said before comes from a cache and costs no voice.
    const word = at === WORDS_PER_SENTENCE - 2 ? nameOf(answer) : wordAt(place)
    if (at === 0) return word[0]?.toUpperCase() + word.slice(1)
    return at === WORDS_PER_SENTENCE - 1 ? `${word}.` : word
  })
}

const CONSONANTS = 'bdkl'
const VOWELS = 'aeio'

/** One of 256 words that mean nothing, by its place in the answer. */
function wordAt(place: number): string {
  return syllable(CONSONANTS, place >> 4) + syllable(CONSONANTS, place)
}

const places = new Map(Array.from({ length: 256 }, (_, place) => [wordAt(place), place]))

/** The places of the words of a piece of an answer. What is not one of the words is the answer's name and stands behind its neighbour. */
export function placesOf(text: string): number[] {
  let last = -1
  return text
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
    .map((word) => {
      last = places.get(word) ?? last + 1
      return last
    })
}

/** A name of a caller or an answer: three syllables or more that are in no other word. */
export function nameOf(number: number): string {
  let name = ''
  for (let rest = number + 256; rest > 0; rest >>= 4) name += syllable('vrst', rest)
  return name
}

function syllable(consonants: string, number: number): string {
  return `${consonants[(number >> 2) & 3]}${VOWELS[number & 3]}`
}
