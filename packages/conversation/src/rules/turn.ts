import { enterClosing } from '../call.ts'
import { areSpansSettled, enterPausing, spansText, takeSettledSpans } from '../caller.ts'
import { type TurnOpinion, turnEndDelayMs } from '../policies/turn-end/turn-end-delay.ts'
import type { Draft } from '../state.ts'
import type { TurnSignal } from '../types.ts'
import { learnFromTurn, waitRange } from './adapt.ts'
import { doubtWords } from './early-thinking.ts'
import { finishCallerUtterance } from './finish-response.ts'
import { finishText } from './finish-text.ts'
import { isLeaveTaking } from './leave-taking.ts'
import { startAnswer } from './respond.ts'

/**
 * The caller's turn ends a while after the end of speech, the longer the less finished the words are, and never before the words are known. It is
 * taken only by an idle agent: what was said over an agent that may not be interrupted waits until it has finished.
 */
export function considerTurnEnd(draft: Draft): void {
  const { agent, call, caller, nowMs } = draft
  if (call.name !== 'live' || caller.name !== 'pausing' || !areSpansSettled(caller)) return
  if (caller.turnEndAtMs === null) {
    const endMs = caller.spans.at(-1)?.endMs ?? nowMs
    const text = spansText(caller.spans)
    caller.turnEndAtMs =
      endMs + turnEndDelayMs(text, waitRange(draft), draft.language, caller.recogniserOpinion)
  }
  if (agent.name === 'idle' && caller.digits === '' && caller.turnEndAtMs <= nowMs) takeTurn(draft)
}

const opinions = {
  started: 'going-on',
  'eager-end': 'nearly-over',
  resumed: 'going-on',
  end: 'over',
} as const satisfies Record<TurnSignal, TurnOpinion>

/** The recogniser has changed its mind about the turn: the wait is reckoned anew. */
export function onTurnSignal(draft: Draft, signal: TurnSignal | null): void {
  const { caller } = draft
  caller.recogniserOpinion = signal === null ? null : opinions[signal]
  caller.turnEndAtMs = null
  if (signal === 'resumed') doubtWords(draft)
}

/** The end-of-turn timer: the turn is over, or voice activity has lasted longer than anybody speaks. */
export function onTurnEnd(draft: Draft): void {
  const { caller, nowMs } = draft
  if (caller.name === 'speaking') enterPausing(draft, nowMs)
  else caller.turnEndAtMs = nowMs
}

function takeTurn(draft: Draft): void {
  const { call, settings, language } = draft
  const spans = takeSettledSpans(draft)
  call.reprompts = 0
  learnFromTurn(draft, spans)
  if (call.isSilenced) {
    finishCallerUtterance(draft, spans)
    return
  }
  if (isLeaveTaking(spansText(spans), settings.endCall.phrases)) {
    finishCallerUtterance(draft, spans)
    enterClosing(draft, 'end_phrase', settings.endCall.message ?? language.goodbye)
  } else {
    if (startAnswer(draft, spans)) finishText(draft)
  }
}
