import { currentResponse } from '../agent.ts'
import type { Span } from '../caller.ts'
import { spansText } from '../caller.ts'
import type { WaitRange } from '../policies/turn-end/learned-pause.ts'
import { adaptedRange, forgetPause, learnPause } from '../policies/turn-end/learned-pause.ts'
import { turnEndOpinion } from '../policies/turn-end/turn-end-delay.ts'
import type { Draft } from '../state.ts'
import { wordsOf } from '../words.ts'

/** Speech this soon after the agent began is no interruption: the caller had not finished. */
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
  let hasPaused = false
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

/** The agent was interrupted as it began: the end of the turn was a mistake, and the pause one of the caller's. */
export function learnFromFalseEnd(draft: Draft): void {
  const { caller, settings } = draft
  const { kind, speechEndedMs, firstAudioSentMs } = currentResponse(draft)
  const startMs = caller.spans[0]?.startMs
  if (kind !== 'answer' || speechEndedMs === null || firstAudioSentMs === null || startMs === undefined)
    return
  if (startMs < speechEndedMs || startMs - firstAudioSentMs > falseEndMs) return
  caller.learnedPauseMs = learnPause(caller.learnedPauseMs, startMs - speechEndedMs, settings.endOfTurn)
}
