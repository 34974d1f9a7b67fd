/** What is said in every simulated call, and how fast the stand-ins say it. One place, because the floor follows from it. */

/** Heard as a finished sentence, so that it is answered at once. */
export const CALLER_TEXT = 'I would like to come in on Tuesday.'
/** The first sentence is the clause that the caller waits for. */
const FIRST_SENTENCE = ['Of', 'course,', 'I', 'can', 'find', 'you', 'room', '#', 'now.']
const SECOND_SENTENCE = ['Which', 'day', 'of', 'the', 'week', 'would', 'suit', '#', 'best?']
export const FIRST_SENTENCE_WORDS = FIRST_SENTENCE.length
export const ANSWER_WORDS = FIRST_SENTENCE.length + SECOND_SENTENCE.length

/** The words of one answer. No two are alike: what was said before comes from a cache and costs no voice. */
export function answerWords(number: number): string[] {
  const name = [...number.toString(26)]
    .map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)))
    .join('')
  return [...FIRST_SENTENCE, ...SECOND_SENTENCE].map((word) => (word === '#' ? name : word))
}

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

/** With these vendors no platform can be faster. A sentence is known to be over when the word behind it comes. */
export const FLOOR_MS =
  DELAYS.silenceMs +
  DELAYS.sttFinalMs +
  DELAYS.llmFirstTokenMs +
  FIRST_SENTENCE_WORDS * DELAYS.llmPerWordMs +
  DELAYS.ttsFirstByteMs
