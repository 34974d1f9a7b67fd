import type { Response, ResponseKind } from '../agent.ts'
import { currentResponse, enterSpeaking, enterThinking } from '../agent.ts'
import type { Span } from '../caller.ts'
import { spansText } from '../caller.ts'
import { splitClauses } from '../clauses.ts'
import { takeHangupMarker } from '../hangup-marker.ts'
import { estimateSpeechMs } from '../heard-text.ts'
import type { Language } from '../languages/language.ts'
import { languageFor } from '../languages/language.ts'
import { speakable } from '../speakable.ts'
import type { Draft } from '../state.ts'
import type { ClauseId, ConversationSettings } from '../types.ts'
import { requestMessages, takeThought } from './early-thinking.ts'
import { finishResponse, makeTurnFirm } from './finish-response.ts'

/** How long a model may leave us without anything to say. Its own deadlines, kept by the media side, are shorter. */
const modelStalledMs = 30_000
/** How much longer than expected the playing of audio may take. */
const playbackStalledMs = 10_000
/** How much longer than expected a last message may take to be heard. */
const goodbyeStalledMs = 10_000
/** Repeated after a pause, so that the word in which it began is heard whole. */
const rewindMs = 100

/**
 * Asks the model for an answer: to these spans, which stay withdrawable, or to the history as it is. `prelude` is spoken meanwhile. True: the answer was
 * thought early and is complete, so that its end is to be told (`finishText`).
 */
export function startAnswer(draft: Draft, asked: readonly Span[], prelude: string | null = null): boolean {
  const text = spansText(asked)
  const thought = takeThought(draft, text)
  const response = enterThinking(draft, {
    kind: 'answer',
    asked,
    isLlmOpen: true,
    ...anchorsOf(draft, asked),
    decidedMs: draft.nowMs,
    ...(thought && { id: thought.id }),
  })
  if (thought !== null) {
    response.llmFirstTokenMs = thought.firstTokenMs
    response.firstAudioMs = thought.firstAudioMs
    if (thought.text !== '') addText(draft, thought.text)
    response.askedTools = thought.calls
    if (!thought.isFinished) expectProgress(draft)
    return thought.isFinished
  }
  const messages = requestMessages(draft, text)
  draft.effects.push({ type: 'llm-start', responseId: response.id, messages, isEarly: false })
  if (prelude !== null) addWholeText(draft, `${prelude} `)
  expectProgress(draft)
  return false
}

/** Where the wait for an answer to these spans began. Who spoke over the agent did not wait while it still spoke. */
function anchorsOf(
  { agent }: Draft,
  asked: readonly Span[],
): Pick<Response, 'speechEndedMs' | 'speechCommittedMs' | 'wordsKnownMs'> {
  const last = asked.at(-1)
  if (last === undefined) return { speechEndedMs: null, speechCommittedMs: null, wordsKnownMs: null }
  const sinceAgent = (ms: number): number => Math.max(ms, agent.heardUntilMs)
  return {
    speechEndedMs: last.endMs === null ? null : sinceAgent(last.endMs),
    speechCommittedMs: last.committedMs === null ? null : sinceAgent(last.committedMs),
    wordsKnownMs: sinceAgent(Math.max(...asked.map(({ settledMs }) => settledMs ?? 0))),
  }
}

/** Speaks words of our own. The first `protectedTexts` of them cannot be interrupted. Nothing happens when there is nothing to say. */
export function say(draft: Draft, kind: ResponseKind, texts: readonly string[], protectedTexts = 0): void {
  if (draft.call.isMute || texts.every((text) => speakable(text, draft.language) === '')) return
  const response = enterThinking(draft, { kind })
  texts.forEach((text, index) => {
    addWholeText(draft, index < texts.length - 1 ? `${text} ` : text)
    if (index < protectedTexts) response.protectedClauses = response.clauses.length
  })
  draft.effects.push({ type: 'clauses-end', responseId: response.id })
  expectProgress(draft)
  if (kind === 'goodbye') boundGoodbye(draft)
}

/** The clauses the greeting of an assistant consists of, so that their audio can be made while the phone still rings. */
export function greetingClauses(settings: ConversationSettings): string[] {
  const language = languageFor(settings.language)
  let clauses = 0
  return greetingTexts(settings).flatMap((text) => {
    const spoken = wholeClauses(text, clauses, language)
      .map((clause) => speakable(clause, language))
      .filter((clause) => clause !== '')
    clauses += spoken.length
    return spoken
  })
}

export function greetingTexts(settings: ConversationSettings): string[] {
  return [settings.disclosure, settings.firstMessage].filter((text) => text !== null)
}

/** More text from the model. */
export function addText(draft: Draft, text: string): void {
  const response = currentResponse(draft)
  if (response.isCancelled || !response.isLlmOpen) return
  response.llmFirstTokenMs ??= draft.nowMs
  const { clauses, rest } = splitClauses(response.unsplit + text, clausesSoFar(draft), draft.language)
  response.unsplit = rest
  for (const clause of clauses) addClause(draft, clause)
}

/** The model has said everything. */
export function endText(draft: Draft): void {
  const response = currentResponse(draft)
  if (response.isCancelled || !response.isLlmOpen) return
  closeText(draft, flushText(draft))
}

/** What was kept back for a better cut becomes clauses: no more text comes in this stream. True: it ended in the hang-up marker. */
export function flushText(draft: Draft): boolean {
  const response = currentResponse(draft)
  const { text, isFound } = takeHangupMarker(response.unsplit)
  response.unsplit = ''
  if (text.trim() !== '') addWholeText(draft, text)
  return isFound
}

/** No more text comes at all. */
export function closeText(draft: Draft, isParting: boolean): void {
  const response = currentResponse(draft)
  response.isLlmOpen = false
  response.isParting = isParting
  if (draft.agent.name === 'yielding') return
  draft.effects.push({ type: 'clauses-end', responseId: response.id })
  expectProgress(draft)
  if (isParting) boundGoodbye(draft)
  finishIfHeard(draft)
}

/** The voice has begun to yield a clause. */
export function clauseVoiced(draft: Draft): void {
  currentResponse(draft).firstAudioMs ??= draft.nowMs
}

/** The first audio of a clause is on its way to the caller: from the first of them on, the turn it answers is firm. */
export function clauseStarted(draft: Draft): void {
  if (draft.agent.name === 'yielding') return
  const response = currentResponse(draft)
  if (draft.agent.name === 'thinking') {
    makeTurnFirm(draft)
    response.firstAudioSentMs = draft.nowMs
    enterSpeaking(draft)
  }
  expectProgress(draft)
}

/** The caller has heard this clause, and so every clause before it. */
export function clausePlayed(draft: Draft, clauseId: ClauseId): void {
  if (draft.agent.name === 'yielding') return
  if (draft.agent.name === 'thinking') clauseStarted(draft)
  const response = currentResponse(draft)
  response.clauses = response.clauses.map((clause) =>
    clause.clauseId <= clauseId ? { ...clause, isPlayed: true } : clause,
  )
  expectProgress(draft)
  finishIfHeard(draft)
}

/** Goes on after a pause: every clause not heard whole is asked for again, from where it was left. */
export function speakOn(draft: Draft): void {
  enterSpeaking(draft)
  const response = currentResponse(draft)
  for (const clause of response.clauses) {
    if (!clause.isPlayed)
      speakClause(draft, clause.clauseId, clause.spoken, Math.max(0, clause.heardMs - rewindMs))
  }
  if (!response.isLlmOpen) draft.effects.push({ type: 'clauses-end', responseId: response.id })
  expectProgress(draft)
  if (response.isParting) boundGoodbye(draft)
  finishIfHeard(draft)
}

/** Ends the response when nothing of it is left to come or to be heard. */
export function finishIfHeard(draft: Draft): void {
  const response = currentResponse(draft)
  if (!response.isLlmOpen && response.clauses.every((clause) => clause.isPlayed))
    finishResponse(draft, draft.nowMs)
}

/** Moves the watchdog: from now on, something must happen within a time that fits what is outstanding. A pause has deadlines of its own. */
export function expectProgress(draft: Draft): void {
  if (draft.agent.name === 'yielding') return
  const outstandingMs = remainingMs(draft)
  draft.agent.stalledAtMs =
    draft.nowMs + (outstandingMs > 0 ? 2 * outstandingMs + playbackStalledMs : modelStalledMs)
}

function boundGoodbye(draft: Draft): void {
  draft.call.goodbyeAtMs = draft.nowMs + remainingMs(draft) + goodbyeStalledMs
}

function remainingMs(draft: Draft): number {
  const waiting = currentResponse(draft).clauses.filter((clause) => !clause.isPlayed)
  return waiting.reduce((sumMs, clause) => sumMs + estimateSpeechMs(clause.spoken), 0)
}

export function addWholeText(draft: Draft, text: string): void {
  for (const clause of wholeClauses(text, clausesSoFar(draft), draft.language)) addClause(draft, clause)
}

/** Clauses of the message itself: after a filler its first clause is still the first. */
function clausesSoFar(draft: Draft): number {
  return currentResponse(draft).clauses.filter((clause) => !clause.isFiller).length
}

function wholeClauses(text: string, spokenBefore: number, language: Language): string[] {
  const { clauses, rest } = splitClauses(text, spokenBefore, language)
  return rest.trim() === '' ? [...clauses] : [...clauses, rest]
}

/** Speaks a word of ours inside the answer of the model. */
export function addFiller(draft: Draft, text: string): void {
  addClause(draft, `${text} `, true)
}

function addClause(draft: Draft, text: string, isFiller = false): void {
  const response = currentResponse(draft)
  const spoken = speakable(text, draft.language)
  const last = response.clauses.at(-1)
  if (spoken === '' && isFiller) return
  if (spoken === '') {
    // Nothing to say (an emoji, a rule): written with the clause before it, so that the history keeps it.
    if (last !== undefined)
      response.clauses = [...response.clauses.slice(0, -1), { ...last, text: last.text + text }]
    return
  }
  const clauseId = response.clauses.length
  const clause = { clauseId, text, spoken, heardMs: 0, durationMs: null, isPlayed: false, isFiller }
  response.clauses = [...response.clauses, clause]
  if (draft.agent.name === 'yielding') return
  speakClause(draft, clauseId, spoken, 0)
  expectProgress(draft)
}

function speakClause(draft: Draft, clauseId: ClauseId, text: string, fromMs: number): void {
  currentResponse(draft).firstClauseMs ??= draft.nowMs
  draft.effects.push({ type: 'clause-speak', responseId: currentResponse(draft).id, clauseId, text, fromMs })
}
