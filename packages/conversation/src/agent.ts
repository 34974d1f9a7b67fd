/**
 * The agent machine: what is the assistant doing?
 *
 * idle      Nothing to say. There is no response.
 *           -> thinking  a turn is answered, or words of our own are to be spoken.
 * thinking  A response is on its way and none of its audio has gone out. The caller's turn it answers is not firm: if the caller goes on, the
 *           response is withdrawn and the turn continues, as if nothing had been decided.
 *           -> speaking  the first clause begins to play.
 *           -> idle      withdrawn, cut by the end of the call, or it ended without a word.
 * speaking  Audio is going out, or is being waited for between two clauses.
 *           -> yielding  the caller seems to take the turn, presses keys, or the call ends.
 *           -> idle      everything has been heard.
 * yielding  The audio has been cleared and the response kept. It has one fate:
 *             undecided  a pause. Its own deadline is armed from the first moment and never moved.
 *                        -> speaking  backchannel, noise or deadline: spoken on from where it was heard.
 *                        -> fate interrupt: the caller's words take the turn.
 *             resume     as undecided -> speaking, but what was heard has not been reported yet.
 *             interrupt  -> idle  once what was heard is known: the history is cut to it.
 */

import { assertEntry } from './assert-entry.ts'
import type { Span } from './caller.ts'
import type { Draft } from './state.ts'
import type { ClauseId, ResponseId, ToolCall } from './types.ts'

export interface Clause {
  readonly clauseId: ClauseId
  /** As the model wrote it, blanks included: what the history gets. */
  readonly text: string
  /** What the voice is given. */
  readonly spoken: string
  readonly heardMs: number
  readonly durationMs: number | null
  readonly isPlayed: boolean
  /** A word of ours while the model was slow: heard, but not shown to the model. */
  readonly isFiller: boolean
}

/** `answer` to a turn; the others are words of our own, those of somebody outside (`announcement`), or keys pressed. */
export type ResponseKind = 'answer' | 'greeting' | 'reprompt' | 'goodbye' | 'announcement' | 'keys'

export interface Response {
  readonly id: ResponseId
  readonly kind: ResponseKind
  /** The caller's spans this answers, as long as that turn is not firm. */
  asked: readonly Span[]
  /** More text may come from the model. */
  isLlmOpen: boolean
  /** Tools the model waits for, until its stream is over; and how many it has asked for in this turn. */
  askedTools: readonly ToolCall[]
  tools: number
  /** The model was asked again because its first answer broke off before a clause of it was spoken. */
  isAskedAgain: boolean
  /** The model was told to stop; what still comes from it is dropped. */
  isCancelled: boolean
  /** Text of the model whose clause is not finished. */
  unsplit: string
  clauses: readonly Clause[]
  /** Clauses from the first that must be heard whole before anyone may interrupt. */
  protectedClauses: number
  /** The message ended in the hang-up marker. */
  isParting: boolean
  /** What is measured of it; see `TurnMeasurement`. */
  speechEndedMs: number | null
  speechCommittedMs: number | null
  wordsKnownMs: number | null
  decidedMs: number | null
  llmFirstTokenMs: number | null
  firstClauseMs: number | null
  firstAudioMs: number | null
  firstAudioSentMs: number | null
  /** How much of its audio had been heard at the last clear. */
  cutOffsetMs: number | null
}

export interface Yielding {
  fate: 'undecided' | 'resume' | 'interrupt'
  /** Since when the caller has heard nothing. */
  sinceMs: number
  /** `playback-cleared` has come. */
  isCleared: boolean
  /** Undecided: when the agent speaks on. */
  resumeAtMs: number
}

export interface Agent {
  name: 'idle' | 'thinking' | 'speaking' | 'yielding'
  response: Response | null
  yielding: Yielding | null
  /** Responses begun so far. */
  responses: number
  /** When the caller last heard anything of the agent. */
  heardUntilMs: number
  /** When waiting for the next sign of life ends. */
  stalledAtMs: number | null
}

/**
 * A pause that nobody decides ends after this long, also while voice activity goes on: recognisers have a guess within a second, so what has no words by
 * then is music or a crowd, and words that come later interrupt anew.
 */
const longestPauseMs = 1200
/** `playback-cleared` is the synchronous answer to an effect; this only bounds a broken caller of the machine. */
const clearedDeadlineMs = 1000

export function newAgent(): Agent {
  return { name: 'idle', response: null, yielding: null, responses: 0, heardUntilMs: 0, stalledAtMs: null }
}

/** The response under way; only to be called where the agent is not idle. */
export function currentResponse(draft: Draft): Response {
  const { response } = draft.agent
  assertEntry(response !== null, 'an active agent has a response')
  return response
}

export function enterThinking(draft: Draft, begin: Pick<Response, 'kind'> & Partial<Response>): Response {
  const { agent } = draft
  assertEntry(agent.name === 'idle' && agent.response === null, 'one response at a time')
  if (begin.id === undefined) agent.responses += 1
  agent.name = 'thinking'
  agent.response = {
    asked: [],
    isLlmOpen: false,
    askedTools: [],
    tools: 0,
    isAskedAgain: false,
    isCancelled: false,
    unsplit: '',
    clauses: [],
    protectedClauses: 0,
    isParting: false,
    speechEndedMs: null,
    speechCommittedMs: null,
    wordsKnownMs: null,
    decidedMs: null,
    llmFirstTokenMs: null,
    firstClauseMs: null,
    firstAudioMs: null,
    firstAudioSentMs: null,
    cutOffsetMs: null,
    id: `r${agent.responses}`,
    ...begin,
  }
  return agent.response
}

export function enterSpeaking(draft: Draft): void {
  const { agent } = draft
  assertEntry(agent.name === 'thinking' || agent.name === 'yielding', 'speaking follows thinking or a pause')
  assertEntry(agent.response !== null, 'speaking needs a response')
  agent.name = 'speaking'
  agent.yielding = null
}

export function enterYielding(draft: Draft, fate: 'undecided' | 'interrupt'): void {
  const { agent, nowMs } = draft
  assertEntry(agent.name === 'speaking', 'only a speaking agent yields')
  agent.name = 'yielding'
  agent.yielding = { fate, sinceMs: nowMs, isCleared: false, resumeAtMs: nowMs + longestPauseMs }
  agent.stalledAtMs = nowMs + clearedDeadlineMs
  draft.effects.push({ type: 'playback-clear', responseId: currentResponse(draft).id })
}

export function enterIdle(draft: Draft): void {
  const { agent, nowMs, call } = draft
  assertEntry(agent.name !== 'idle', 'the agent falls idle once')
  agent.name = 'idle'
  agent.response = null
  agent.yielding = null
  agent.stalledAtMs = null
  call.goodbyeAtMs = null
  call.quietSinceMs = nowMs
}
