import { currentResponse } from '../agent.ts'
import type { Draft } from '../state.ts'
import { endText } from './respond.ts'
import { startTools } from './tools.ts'

/** The model's stream is over: it has said everything, or it waits for tools. */
export function finishText(draft: Draft): void {
  const response = currentResponse(draft)
  if (response.askedTools.length > 0 && response.isLlmOpen && !response.isCancelled) startTools(draft)
  else endText(draft)
}
