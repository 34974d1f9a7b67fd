import type { Span } from '../caller.ts'
import { spansText } from '../caller.ts'
import type { WaitRange } from '../policies/turn-end/learned-pause.ts'
import { adaptedRange, forgetPause, learnPause } from '../policies/turn-end/learned-pause.ts'
import { turnEndOpinion } from '../policies/turn-end/turn-end-delay.ts'
import type { Draft } from '../state.ts'
import { wordsOf } from '../words.ts'

/** Speech that begins this soon after the agent's is no interruption: the caller had not finished. */
const falseEndMs = 250

/** How long to wait for this caller. */
export function waitRange({ settings, caller }: Draft): WaitRange {
  return settings.endOfTurn.isAdaptive
    ? adaptedRange(settings.endOfTurn, caller.learnedPauseMs)
    : settings.endOfTurn
}

/** A turn is taken: its pauses are learned from. Where the words hung in the air the longest wait applied anyway, so those teach nothing. */
export function learnFromTurn(draft: Draft, spans: readonly Span[]): void {
  const { caller, settings, language } = draft
  const beforeMs = pauseBefore(draft, spans[0]?.startMs)
  let hasPaused = beforeMs !== null
  if (beforeMs !== null)
    caller.learnedPauseMs = learnPause(caller.learnedPauseMs, beforeMs, settings.endOfTurn)
  caller.lastAnswer = null
  spans.forEach((span, index) => {
    const before = spans.slice(0, index)
    const endMs = before.at(-1)?.endMs ?? null
    if (endMs === null) return
    const text = spansText(before)
    if (turnEndOpinion({ text, words: wordsOf(text), language }) === 'long') return
    hasPaused = true
    caller.learnedPauseMs = learnPause(caller.learnedPauseMs, span.startMs - endMs, settings.endOfTurn)
  })
  if (!hasPaused) caller.learnedPauseMs = forgetPause(caller.learnedPauseMs, settings.endOfTurn)
}

/** When the agent began to answer, for the judgement of what the caller says next. */
export function rememberAnswer({ agent, caller }: Draft): void {
  const { response } = agent
  if (response?.kind !== 'answer' || response.speechEndedMs === null || response.firstAudioSentMs === null)
    return
  caller.lastAnswer = { speechEndedMs: response.speechEndedMs, firstAudioSentMs: response.firstAudioSentMs }
}

/** The pause before this turn, if the caller went on as the agent began: then the end of the turn before was a mistake. */
function pauseBefore(draft: Draft, startMs: number | undefined): number | null {
  const { lastAnswer } = draft.caller
  if (lastAnswer === null || startMs === undefined || startMs < lastAnswer.speechEndedMs) return null
  return startMs - lastAnswer.firstAudioSentMs <= falseEndMs ? startMs - lastAnswer.speechEndedMs : null
}
