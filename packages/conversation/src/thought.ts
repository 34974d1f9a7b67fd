/**
 * The thought machine: an answer the model is asked for before the turn is ours. It lives outside the history and outside the agent, and nobody hears
 * of it until the turn is taken.
 *
 * none    -> asked  the caller's words look finished or have stood for a while, and this turn has attempts left.
 * asked   Text may be arriving; its first clause may be synthesised, never sent.
 *         -> none   the words, the dialogue or the call have changed, or the model or voice failed: the request is cancelled and forgotten.
 *         -> none   the turn is taken with the same words: the thought becomes the agent's response, under the same id.
 */
import type { ResponseId, ToolCall } from './types.ts'

export interface Thought {
  readonly id: ResponseId
  /** The caller's words it answers, in normal form: case and punctuation may still change. */
  readonly words: string
  /** Finished utterances and added notes at the time: one more, and the dialogue it answers is another. */
  readonly turns: number
  readonly notes: number
  readonly text: string
  readonly isFinished: boolean
  /** Tools it would use; they run only once it is the answer. */
  readonly calls: readonly ToolCall[]
  readonly firstTokenMs: number | null
  /** The first clause has been given to the voice. */
  readonly isPrepared: boolean
  readonly firstAudioMs: number | null
}

export interface Thinking {
  thought: Thought | null
  /** What the caller has said in this turn, in normal form, and since when it has stood. */
  words: string
  sinceMs: number
  /** Requests begun early for this turn. */
  attempts: number
  /** The number of finished utterances when they were counted. */
  attemptsTurn: number
}

export function newThinking(): Thinking {
  return { thought: null, words: '', sinceMs: 0, attempts: 0, attemptsTurn: 0 }
}
