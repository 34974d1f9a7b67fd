import { currentResponse } from '../agent.ts'
import { enterClosing } from '../call.ts'
import { enterPausing, settleSpan, spansText } from '../caller.ts'
import type { Draft } from '../state.ts'
import { requestMessages } from './early-thinking.ts'
import { endCall } from './ending.ts'
import { cutResponse } from './finish-response.ts'
import { onPlaybackCleared } from './interruption.ts'
import { addWholeText, endText, expectProgress, finishIfHeard } from './respond.ts'

/** What is said when something of ours has failed for good; null when there are no words for it. */
function apologyOf(draft: Draft): string | null {
  return draft.settings.apology ?? draft.language.apology
}

/** No more text will come. What is being spoken is heard out, then we apologise and end. */
export function onModelFailed(draft: Draft): void {
  const { agent, call } = draft
  const response = currentResponse(draft)
  if (response.isCancelled || !response.isLlmOpen) return
  response.isLlmOpen = false
  if (call.name === 'live') enterClosing(draft, 'llm_failed', apologyOf(draft))
  if (agent.name === 'yielding') {
    cutResponse(draft)
    return
  }
  draft.effects.push({ type: 'clauses-end', responseId: response.id })
  expectProgress(draft)
  finishIfHeard(draft)
}

/**
 * The answer stopped in the middle. Nothing of it spoken yet: the model is asked once more. Otherwise the sentence it was in is left out, since nobody
 * could hear its end, and we say so and give the caller the word.
 */
export function onModelBrokenOff(draft: Draft): void {
  const response = currentResponse(draft)
  if (response.isCancelled || !response.isLlmOpen) return
  const hasSpoken = response.clauses.some((clause) => !clause.isFiller)
  response.unsplit = ''
  if (!hasSpoken && response.isAskedAgain) {
    onModelFailed(draft)
    return
  }
  if (!hasSpoken) {
    askAgain(draft)
    return
  }
  if (draft.language.brokenOff !== null) addWholeText(draft, draft.language.brokenOff)
  endText(draft)
}

/** The same request once more, for an answer of which nothing was spoken. */
export function askAgain(draft: Draft): void {
  const response = currentResponse(draft)
  response.isAskedAgain = true
  const messages = requestMessages(draft, spansText(response.asked))
  draft.effects.push({ type: 'llm-start', responseId: response.id, messages, isEarly: false })
  expectProgress(draft)
}

/** Nothing can be spoken any more, not even an apology. */
export function onVoiceFailed(draft: Draft): void {
  const { call } = draft
  call.isMute = true
  call.goodbye = null
  if (call.name === 'live') endCall(draft, 'tts_failed', null)
  else cutResponse(draft)
}

/** The caller cannot be understood any more. The last guesses stand. */
export function onRecogniserFailed(draft: Draft): void {
  const { call, caller, nowMs } = draft
  caller.isUnheard = true
  if (caller.name === 'speaking') enterPausing(draft, nowMs)
  for (const span of caller.spans) settleSpan(draft, span.itemId, null)
  if (call.name !== 'closing') endCall(draft, 'stt_failed', apologyOf(draft))
}

/**
 * Nothing has happened for far longer than anything should take. Lost marks must not hang a call: audio that began is taken for heard. Audio that
 * never began means a dead voice, and no text a dead model.
 */
export function onStalled(draft: Draft): void {
  const { agent } = draft
  agent.stalledAtMs = null
  if (agent.name === 'idle') return
  const response = currentResponse(draft)
  if (agent.name === 'yielding') onPlaybackCleared(draft, [])
  else if (response.clauses.every((clause) => clause.isPlayed)) {
    draft.effects.push({ type: 'llm-cancel', responseId: response.id })
    onModelFailed(draft)
  } else if (agent.name === 'thinking') onVoiceFailed(draft)
  else {
    response.clauses = response.clauses.map((clause) => ({ ...clause, isPlayed: true }))
    expectProgress(draft)
    finishIfHeard(draft)
  }
}
