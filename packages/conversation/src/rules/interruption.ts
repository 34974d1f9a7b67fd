import type { Yielding } from '../agent.ts'
import { currentResponse, enterYielding } from '../agent.ts'
import { areSpansSettled, spansText, takeSettledSpans } from '../caller.ts'
import { judgeOverlap } from '../policies/turn-start/judge-overlap.ts'
import type { Draft } from '../state.ts'
import type { HeardClause } from '../types.ts'
import { wordsOf } from '../words.ts'
import { cutResponse, finishResponse, withdrawResponse } from './finish-response.ts'
import { speakOn } from './respond.ts'

/**
 * Caller and agent at once. What counts is how long the caller has spoken and what was understood:
 * - before any audio of an answer: the caller simply goes on, so the answer is withdrawn and the turn continues;
 * - a stop phrase cuts the agent at once; other content does once speech has lasted `minSpeechMs` or is over;
 * - speech of `minSpeechMs` without words yet makes the agent pause, unless words are required (`minWords` of 2 and more);
 * - a backchannel or a noise leaves the agent speaking, or ends its pause.
 * The pause belongs to `agent.yielding` alone: every way into it arms its deadline, and it ends in speaking on or in a cut.
 */

/** Whether the caller may take the word from the agent as things stand. */
export function isInterruptible(draft: Draft): boolean {
  const { agent, call, settings } = draft
  if (agent.response === null || call.name !== 'live' || !settings.interruption.enabled) return false
  const { kind, clauses, protectedClauses } = agent.response
  return (
    kind !== 'goodbye' &&
    kind !== 'keys' &&
    clauses.slice(0, protectedClauses).every((clause) => clause.isPlayed)
  )
}

/** Whether a response nobody has heard yet gives way to words of the caller. Greetings and goodbyes wait for nobody. */
export function canGiveWay(draft: Draft): boolean {
  const { agent, call } = draft
  const kind = agent.response?.kind
  return call.name === 'live' && agent.name === 'thinking' && (kind === 'answer' || kind === 'reprompt')
}

/** Whether it gives way to speech without words: only where nothing is lost if that turns out to be a noise, since its turn is taken again then. */
export function isWithdrawable(draft: Draft): boolean {
  const { response } = draft.agent
  return canGiveWay(draft) && (response?.kind === 'reprompt' || (response?.asked.length ?? 0) > 0)
}

/** Speech has begun or gone on for `minSpeechMs`. */
export function onBargeIn(draft: Draft): void {
  const { agent, caller, settings } = draft
  caller.bargeInAtMs = null
  if (caller.name !== 'speaking') return
  if (isWithdrawable(draft)) {
    withdrawResponse(draft)
    return
  }
  judgeSpeechOverAgent(draft)
  const isWordless = spansText(caller.spans) === ''
  if (
    agent.name === 'speaking' &&
    isInterruptible(draft) &&
    isWordless &&
    settings.interruption.minWords < 2
  ) {
    draft.call.goodbyeAtMs = null
    enterYielding(draft, 'undecided')
  }
}

/** Something was understood, or turned out to be nothing. */
export function judgeSpeechOverAgent(draft: Draft): void {
  const { agent, caller, call } = draft
  if (call.name !== 'live' || agent.name === 'idle') return
  if (caller.spans.length === 0) {
    speakOnIfUndecided(draft)
    return
  }
  const text = spansText(caller.spans)
  if (canGiveWay(draft)) {
    if (text === '') return
    // A firm turn (keys, or one taken over from another process) stays in the history, and the next answer is to both.
    if (isWithdrawable(draft)) withdrawResponse(draft)
    else cutResponse(draft)
    return
  }
  const isFinal = caller.name === 'pausing' && areSpansSettled(caller)
  const verdict = judgeOverlap({
    words: wordsOf(text),
    isFinal,
    isParting: currentResponse(draft).isParting,
    settings: draft.settings.interruption,
    language: draft.language,
  })
  if (verdict === 'ignore') {
    if (!isFinal) return
    caller.murmur = takeSettledSpans(draft)
    speakOnIfUndecided(draft)
  } else if (agent.name !== 'thinking' && isInterruptible(draft)) {
    const isLongEnough =
      caller.bargeInAtMs === null || caller.name !== 'speaking' || agent.name === 'yielding'
    if (verdict === 'stop' || isLongEnough) cutResponse(draft)
  }
}

/** The pause has lasted long enough. Words that still come can interrupt anew; the same wordless speech cannot pause again. */
export function onPauseEnd(draft: Draft): void {
  draft.caller.bargeInAtMs = null
  speakOnIfUndecided(draft)
}

/** What was heard before the clear is known. */
export function onPlaybackCleared(draft: Draft, heard: readonly HeardClause[]): void {
  const { agent } = draft
  const { yielding } = agent
  if (yielding === null || yielding.isCleared) return
  const response = currentResponse(draft)
  if (heard.length > 0) response.cutOffsetMs = heard.reduce((sumMs, { heardMs }) => sumMs + heardMs, 0)
  response.clauses = response.clauses.map((clause) => {
    const report = heard.find((candidate) => candidate.clauseId === clause.clauseId)
    if (clause.isPlayed || report === undefined) return clause
    const { heardMs, durationMs } = report
    return {
      ...clause,
      heardMs,
      durationMs,
      isPlayed: durationMs !== null && heardMs > 0 && heardMs >= durationMs,
    }
  })
  yielding.isCleared = true
  agent.stalledAtMs = null
  if (yielding.fate === 'interrupt') finishResponse(draft, yielding.sinceMs)
  else if (yielding.fate === 'resume') speakOn(draft)
}

function speakOnIfUndecided(draft: Draft): void {
  const pause = undecidedPause(draft)
  if (pause === null) return
  if (pause.isCleared) speakOn(draft)
  else pause.fate = 'resume'
}

function undecidedPause(draft: Draft): Yielding | null {
  const { yielding } = draft.agent
  return yielding?.fate === 'undecided' ? yielding : null
}
