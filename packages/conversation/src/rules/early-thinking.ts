import { spansText } from '../caller.ts'
import { splitClauses } from '../clauses.ts'
import { takeHangupMarker } from '../hangup-marker.ts'
import { finishedSentence } from '../policies/turn-end/finished-sentence.ts'
import { turnEndOpinion } from '../policies/turn-end/turn-end-delay.ts'
import { speakable } from '../speakable.ts'
import type { Draft } from '../state.ts'
import { withMessage } from '../state.ts'
import type { Thought } from '../thought.ts'
import type { HistoryMessage, ResponseId, ToolCall } from '../types.ts'
import { wordsOf } from '../words.ts'
import { isLeaveTaking } from './leave-taking.ts'

/**
 * The model is asked while the turn may still go on: when the words end like a sentence, when the caller falls silent, or when they have not changed
 * for a while. Words that hang in the air (a number being dictated, "and…") are not worth it. What comes back is kept aside, and thrown away with
 * the first word that changes.
 */

/** Requests begun early for one turn of the caller; the model's usual request at the end of the turn comes on top. */
const attemptsMax = 3
/** Words that have stood this long while the line still sounds like speech (a street, a crowd) are probably all of them. */
const stableMs = 400

/** Since when words that deserve a thought, and have none, have to stand; null: there are none. */
export function earlyThinkingDueMs(draft: Draft): number | null {
  const { thinking, caller } = draft
  if (thinking.thought !== null || thinking.words === '' || !isPossible(draft)) return null
  if (attemptsSoFar(draft) >= attemptsMax) return null
  const text = spansText(caller.spans)
  if (isLeaveTaking(text, draft.settings.endCall.phrases)) return null
  const said = { text, words: wordsOf(text), language: draft.language }
  if (turnEndOpinion(said) === 'long') return null
  const opinion = caller.recogniserOpinion
  const isHeardOver = opinion === 'nearly-over' || opinion === 'over'
  const isLikelyAll = caller.name === 'pausing' || isHeardOver || finishedSentence(said) === 'short'
  return isLikelyAll ? thinking.sinceMs : thinking.sinceMs + stableMs
}

/** Follows the caller's words: forgets a thought they have outgrown, begins one when they may be complete. Runs at the end of every step. */
export function considerEarlyThinking(draft: Draft): void {
  const { thinking, nowMs } = draft
  const words = isPossible(draft) ? wordsOf(spansText(draft.caller.spans)).join(' ') : ''
  if (words !== thinking.words) {
    thinking.words = words
    thinking.sinceMs = nowMs
  }
  const { thought } = thinking
  if (thought !== null && !isStillTrue(draft, thought)) dropThought(draft)
  const dueMs = earlyThinkingDueMs(draft)
  if (dueMs !== null && dueMs <= nowMs) beginThought(draft)
}

/** More of the thought's text. Its first clause is made audible ahead of need. */
export function addThoughtText(draft: Draft, more: string): void {
  const { thinking, nowMs } = draft
  if (thinking.thought === null) return
  thinking.thought = {
    ...thinking.thought,
    text: thinking.thought.text + more,
    firstTokenMs: thinking.thought.firstTokenMs ?? nowMs,
  }
  prepare(draft, thinking.thought)
}

/** The thought would use tools. */
export function addThoughtTools(draft: Draft, calls: readonly ToolCall[]): void {
  const { thinking } = draft
  if (thinking.thought !== null) thinking.thought = { ...thinking.thought, calls }
}

/** The voice has begun to yield the thought's first clause. */
export function voiceThought({ thinking, nowMs }: Draft): void {
  if (thinking.thought !== null) thinking.thought = { ...thinking.thought, firstAudioMs: nowMs }
}

/** The thought is complete. */
export function endThought(draft: Draft): void {
  const { thinking } = draft
  if (thinking.thought === null) return
  thinking.thought = { ...thinking.thought, isFinished: true }
  prepare(draft, thinking.thought)
}

/** The caller goes on after all: these words were not all of them, and have to stand before they are thought about again. */
export function doubtWords(draft: Draft): void {
  dropThought(draft)
  draft.thinking.sinceMs = draft.nowMs + stableMs
}

/** Takes the thought for this request, if it answers exactly that. The rest of its text will come under its id. */
export function takeThought(draft: Draft, text: string): Thought | null {
  const { thinking } = draft
  const { thought } = thinking
  if (thought === null) return null
  const isSame =
    thought.words === wordsOf(text).join(' ') &&
    thought.turns === draft.turns &&
    thought.notes === draft.notes
  if (!isSame) {
    dropThought(draft)
    return null
  }
  thinking.thought = null
  draft.effects.push({ type: 'llm-adopt', responseId: thought.id })
  return thought
}

/** Cancels the request and the voice's preparations, hard. */
export function dropThought(draft: Draft): void {
  const { thought } = draft.thinking
  if (thought === null) return
  draft.thinking.thought = null
  draft.effects.push({ type: 'llm-cancel', responseId: thought.id })
  if (thought.isPrepared) draft.effects.push({ type: 'clause-forget', responseId: thought.id })
}

/** The vendor failed: no further attempt in this turn. */
export function abandonThought(draft: Draft): void {
  dropThought(draft)
  draft.thinking.attempts = attemptsMax
  draft.thinking.attemptsTurn = draft.turns
}

function beginThought(draft: Draft): void {
  const { agent, thinking } = draft
  const attempts = attemptsSoFar(draft)
  agent.responses += 1
  const id: ResponseId = `r${agent.responses}`
  thinking.attempts = attempts + 1
  thinking.attemptsTurn = draft.turns
  thinking.thought = {
    id,
    words: thinking.words,
    turns: draft.turns,
    notes: draft.notes,
    text: '',
    isFinished: false,
    calls: [],
    firstTokenMs: null,
    isPrepared: false,
    firstAudioMs: null,
  }
  const messages = requestMessages(draft, spansText(draft.caller.spans))
  draft.effects.push({ type: 'llm-start', responseId: id, messages, isEarly: true })
}

/** The dialogue with the caller's latest words, as the model is to see it. */
export function requestMessages(draft: Draft, text: string): readonly HistoryMessage[] {
  return text === '' ? draft.history : withMessage(draft.history, { role: 'user', text })
}

function prepare(draft: Draft, thought: Thought): void {
  if (thought.isPrepared) return
  const { clauses, rest } = splitClauses(thought.text, 0, draft.language)
  const clause = clauses[0] ?? (thought.isFinished ? takeHangupMarker(rest).text : undefined)
  const spoken = clause === undefined ? '' : speakable(clause, draft.language)
  if (spoken === '') return
  draft.thinking.thought = { ...thought, isPrepared: true }
  draft.effects.push({ type: 'clause-prepare', responseId: thought.id, clauseId: 0, text: spoken })
}

function isPossible(draft: Draft): boolean {
  const { agent, call, caller, settings } = draft
  if (!settings.earlyThinking || call.name !== 'live' || call.isSilenced || agent.name !== 'idle')
    return false
  return caller.name !== 'silent' && !caller.isUnheard && caller.digits === ''
}

function isStillTrue(draft: Draft, thought: Thought): boolean {
  const { thinking } = draft
  return thought.words === thinking.words && thought.turns === draft.turns && thought.notes === draft.notes
}

function attemptsSoFar({ thinking, turns }: Draft): number {
  return thinking.attemptsTurn === turns ? thinking.attempts : 0
}
