import { currentResponse } from '../agent.ts'
import type { Draft } from '../state.ts'
import { askAgain } from './failure.ts'
import { endText } from './respond.ts'
import { startTools } from './tools.ts'

/**
 * The model's stream is over: it has said everything, or it waits for tools. One that ended without a word is asked once more, since that is how some
 * vendors fail; the second time it is taken for what the model wanted to say.
 */
export function finishText(draft: Draft): void {
  const response = currentResponse(draft)
  const { isLlmOpen, isCancelled, isAskedAgain, tools, clauses, unsplit } = response
  const isEmpty = tools === 0 && unsplit.trim() === '' && clauses.every((clause) => clause.isFiller)
  if (response.askedTools.length > 0 && isLlmOpen && !isCancelled) startTools(draft)
  else if (isEmpty && isLlmOpen && !isCancelled && !isAskedAgain) askAgain(draft)
  else endText(draft)
}
