import type { Agent } from './agent.ts'
import { newAgent } from './agent.ts'
import type { Call } from './call.ts'
import { newCall } from './call.ts'
import type { Caller } from './caller.ts'
import { newCaller } from './caller.ts'
import type { Language } from './languages/language.ts'
import { languageFor } from './languages/language.ts'
import type { Thinking } from './thought.ts'
import { newThinking } from './thought.ts'
import type {
  ConversationEffect,
  ConversationSettings,
  FinishedUtterance,
  HistoryMessage,
  ItemId,
  ResponseId,
  TimerName,
} from './types.ts'

/** Everything the machine knows: a plain, serialisable value that `step` never changes in place. */
export interface ConversationState {
  readonly settings: ConversationSettings
  readonly call: Readonly<Call>
  readonly caller: Readonly<Caller>
  readonly agent: Readonly<Agent>
  readonly thinking: Readonly<Thinking>
  /** The firm dialogue: what was said by the caller and answered, and what was heard of the agent. */
  readonly history: readonly HistoryMessage[]
  /** Utterances finished so far. */
  readonly turns: number
  /** Notes of others put into the dialogue so far. */
  readonly notes: number
  readonly tools: Tools
  /** When each armed timer is due, on the call's clock. */
  readonly timers: Readonly<Partial<Record<TimerName, number>>>
}

/** Tools of this call. */
export interface Tools {
  /** Asked for so far. */
  readonly used: number
  readonly running: readonly {
    readonly id: string
    readonly responseId: ResponseId
    readonly isSafeToCancel: boolean
  }[]
}

/** One step in the making: a copy of the state that rules may write to, and the effects so far. Lists and their items are replaced, never changed. */
export interface Draft {
  readonly settings: ConversationSettings
  readonly language: Language
  readonly nowMs: number
  call: Call
  caller: Caller
  agent: Agent
  thinking: Thinking
  history: readonly HistoryMessage[]
  turns: number
  notes: number
  tools: Tools
  timers: Partial<Record<TimerName, number>>
  effects: ConversationEffect[]
}

/** A conversation before its media stream is up. */
export function createConversation(settings: ConversationSettings): ConversationState {
  return {
    settings,
    call: newCall(),
    caller: newCaller(),
    agent: newAgent(),
    thinking: newThinking(),
    history: [],
    turns: 0,
    notes: 0,
    tools: { used: 0, running: [] },
    timers: {},
  }
}

/** The id that the next `stt-commit` will carry: what the recogniser's guesses about the speech now going on belong to. */
export function openItemId(state: ConversationState): ItemId {
  const { caller } = state
  return `i${caller.name === 'speaking' ? caller.items : caller.items + 1}`
}

export function openDraft(state: ConversationState, nowMs: number): Draft {
  const { response, yielding } = state.agent
  return {
    settings: state.settings,
    language: languageFor(state.settings.language),
    nowMs,
    call: { ...state.call },
    caller: { ...state.caller },
    agent: {
      ...state.agent,
      response: response === null ? null : { ...response },
      yielding: yielding === null ? null : { ...yielding },
    },
    thinking: { ...state.thinking },
    history: state.history,
    turns: state.turns,
    notes: state.notes,
    tools: state.tools,
    timers: { ...state.timers },
    effects: [],
  }
}

export function closeDraft(draft: Draft): ConversationState {
  const { settings, call, caller, agent, thinking, history, turns, notes, tools, timers } = draft
  return { settings, call, caller, agent, thinking, history, turns, notes, tools, timers }
}

/** The dialogue with one more message. A caller who speaks twice in a row has sent one message: some models refuse two. */
export function withMessage(
  history: readonly HistoryMessage[],
  message: HistoryMessage,
): readonly HistoryMessage[] {
  const last = history.at(-1)
  if (last?.role !== 'user' || message.role !== 'user') return [...history, message]
  return [...history.slice(0, -1), { role: 'user', text: `${last.text} ${message.text}` }]
}

/** Makes an utterance firm: into the history, and out to the world. `shown` is what the model is to see of it; empty: nothing. */
export function finishUtterance(
  draft: Draft,
  utterance: Omit<FinishedUtterance, 'turn'>,
  shown = utterance.text,
): void {
  draft.turns += 1
  if (shown !== '') draft.history = withMessage(draft.history, { role: utterance.role, text: shown })
  draft.effects.push({ type: 'utterance-finish', utterance: { ...utterance, turn: draft.turns } })
}
