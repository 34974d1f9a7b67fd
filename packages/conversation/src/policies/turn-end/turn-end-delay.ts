import type { Language } from '../../languages/language.ts'
import { wordsOf } from '../../words.ts'
import { danglingEnd } from './dangling-end.ts'
import { emailInProgress } from './email-in-progress.ts'
import { finishedSentence } from './finished-sentence.ts'
import { numberInProgress } from './number-in-progress.ts'
import type { SaidSoFar, TurnEndPolicy } from './policy.ts'
import { shortAnswer } from './short-answer.ts'
import { spellingInProgress } from './spelling-in-progress.ts'

/** Asked in this order; the first opinion counts. */
const policies: readonly TurnEndPolicy[] = [
  shortAnswer,
  emailInProgress,
  numberInProgress,
  spellingInProgress,
  danglingEnd,
  finishedSentence,
]

/** Where nobody has an opinion (no punctuation, nothing dangling), this share of the way from the shortest to the longest wait. */
const defaultShare = 1 / 3

/** What a recogniser that listens for the ends of turns thinks. */
export type TurnOpinion = 'going-on' | 'nearly-over' | 'over'

/** What the words alone say: `short` is a finished turn, `long` one that will probably go on, null neither. */
export function turnEndOpinion(said: SaidSoFar): 'short' | 'long' | null {
  for (const policy of policies) {
    const opinion = policy(said)
    if (opinion !== null) return opinion
  }
  return null
}

/**
 * How long after the end of the caller's speech the turn counts as over, in milliseconds between `minMs` and `maxMs`. Words that hang in the air or end
 * like a sentence decide by themselves; where they leave it open, a recogniser that has an opinion does.
 */
export function turnEndDelayMs(
  text: string,
  range: { minMs: number; maxMs: number },
  language: Language,
  recogniserOpinion: TurnOpinion | null = null,
): number {
  const maxMs = Math.max(range.minMs, range.maxMs)
  const opinion = turnEndOpinion({ text, words: wordsOf(text), language })
  if (opinion === 'short') return range.minMs
  if (opinion === 'long') return maxMs
  if (recogniserOpinion === 'over') return range.minMs
  if (recogniserOpinion === 'going-on') return maxMs
  return Math.round(range.minMs + (maxMs - range.minMs) * defaultShare)
}
