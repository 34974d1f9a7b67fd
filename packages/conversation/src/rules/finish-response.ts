import type { Clause } from '../agent.ts'
import { currentResponse, enterIdle, enterYielding } from '../agent.ts'
import { enterClosing } from '../call.ts'
import type { Span } from '../caller.ts'
import { returnSpans, spansText, takeSettledSpans } from '../caller.ts'
import { withoutHangupMarkers } from '../hangup-marker.ts'
import { heardText } from '../heard-text.ts'
import type { Language } from '../languages/language.ts'
import type { Draft } from '../state.ts'
import { finishUtterance } from '../state.ts'
import { isMadeOf, wordsOf } from '../words.ts'
import { rememberAnswer } from './adapt.ts'
import { cancelSafeTools } from './tools.ts'

/** A backchannel over the last words of a question, no older than this, is its answer. */
const earlyAnswerMs = 1500

/** Writes down what the caller said in these spans, if anything. */
export function finishCallerUtterance(draft: Draft, spans: readonly Span[]): void {
  const first = spans[0]
  const last = spans.at(-1)
  const text = spansText(spans)
  if (first === undefined || last === undefined || text === '') return
  finishUtterance(draft, {
    role: 'user',
    text,
    textPlanned: null,
    interrupted: false,
    cutOffsetMs: null,
    startMs: first.startMs,
    endMs: last.endMs ?? draft.nowMs,
    isKeypad: false,
  })
}

/** The turn being answered can no longer go on: it is written down. Harmless when it already was. */
export function makeTurnFirm(draft: Draft): void {
  const response = currentResponse(draft)
  const { asked } = response
  response.asked = []
  finishCallerUtterance(draft, asked)
}

/**
 * Ends the response with what was heard of it by `heardUntilMs`: cuts the history to that, tells the world, measures. A response nobody heard leaves
 * no message. What follows (a goodbye, the next turn, silence) is for others to decide.
 */
export function finishResponse(draft: Draft, heardUntilMs: number): void {
  makeTurnFirm(draft)
  const { agent, call, caller, nowMs } = draft
  const response = currentResponse(draft)
  const startMs = response.firstAudioSentMs
  if (startMs !== null) agent.heardUntilMs = heardUntilMs
  rememberAnswer(draft)
  if (call.name === 'closing') {
    finishCallerUtterance(
      draft,
      takeSettledSpans(draft, (span) => span.startMs < (startMs ?? nowMs)),
    )
  }
  const text = withoutHangupMarkers(heardOf(response.clauses, draft.language)).trim()
  const textPlanned = withoutHangupMarkers(
    response.clauses.map((clause) => clause.text).join('') + response.unsplit,
  ).trim()
  const interrupted = response.isLlmOpen || text !== textPlanned
  const answer = withoutHangupMarkers(heardOf(response.clauses, draft.language, false)).trim()
  if (text !== '') {
    finishUtterance(
      draft,
      {
        role: 'assistant',
        text,
        textPlanned,
        interrupted,
        cutOffsetMs: interrupted ? response.cutOffsetMs : null,
        startMs: startMs ?? heardUntilMs,
        endMs: Math.max(heardUntilMs, startMs ?? heardUntilMs),
        isKeypad: false,
      },
      answer,
    )
  }
  draft.effects.push({
    type: 'turn-measure',
    measurement: {
      responseId: response.id,
      turn: text === '' ? null : draft.turns,
      speechEndedMs: response.speechEndedMs,
      speechCommittedMs: response.speechCommittedMs,
      wordsKnownMs: response.wordsKnownMs,
      decidedMs: response.decidedMs,
      llmFirstTokenMs: response.llmFirstTokenMs,
      firstClauseMs: response.firstClauseMs,
      firstAudioMs: response.firstAudioMs,
      firstAudioSentMs: startMs,
      heardUntilMs: startMs === null ? null : heardUntilMs,
      interrupted,
    },
  })
  enterIdle(draft)
  const { murmur } = caller
  caller.murmur = []
  if (call.name !== 'live' || interrupted) return
  if (response.isParting) enterClosing(draft, 'assistant_ended', null)
  else if (/[?？؟]["'”’»)]*$/.test(text) && isEarlyAnswer(murmur, draft)) returnSpans(draft, murmur)
}

function isEarlyAnswer(murmur: readonly Span[], { nowMs, language }: Draft): boolean {
  const endMs = murmur.at(-1)?.endMs ?? null
  return (
    endMs !== null &&
    nowMs - endMs <= earlyAnswerMs &&
    !isMadeOf(wordsOf(spansText(murmur)), language.greetings)
  )
}

function heardOf(clauses: readonly Clause[], language: Language, areFillersKept = true): string {
  let text = ''
  for (const clause of clauses) {
    if (clause.isFiller && !areFillersKept) continue
    if (!clause.isPlayed) return text + heardText(clause.text, clause.heardMs, clause.durationMs, language)
    text += clause.text
  }
  return text
}

/**
 * Takes the word from the agent for good: audio first, then the model, then (when what was heard is known) the history. Harmless when it is idle or
 * on its way out already.
 */
export function cutResponse(draft: Draft): void {
  const { agent, nowMs } = draft
  if (agent.name === 'idle') return
  if (agent.name === 'thinking') {
    cancelSafeTools(draft)
    dropUnheard(draft)
    finishResponse(draft, nowMs)
    return
  }
  if (agent.name === 'speaking') enterYielding(draft, 'interrupt')
  if (agent.yielding === null) return
  agent.yielding.fate = 'interrupt'
  cancelSafeTools(draft)
  cancelModel(draft)
  if (agent.yielding.isCleared) finishResponse(draft, agent.yielding.sinceMs)
}

/** The caller goes on before anything was heard: the answer never was, and its turn is open again. */
export function withdrawResponse(draft: Draft): void {
  const { asked } = currentResponse(draft)
  dropUnheard(draft)
  enterIdle(draft)
  returnSpans(draft, asked)
}

function dropUnheard(draft: Draft): void {
  const response = currentResponse(draft)
  if (response.clauses.length > 0) draft.effects.push({ type: 'playback-clear', responseId: response.id })
  cancelModel(draft)
}

function cancelModel(draft: Draft): void {
  const response = currentResponse(draft)
  if (!response.isLlmOpen || response.isCancelled) return
  response.isCancelled = true
  draft.effects.push({ type: 'llm-cancel', responseId: response.id })
}
