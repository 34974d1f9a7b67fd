/**
 * One step of a conversation: an event in, a new state and effects out. The same state, event and time always give the same result.
 *
 * Order within a step: stale work is dropped; the event changes one of the machines; the joint rules follow until nothing more does (the turn is
 * taken, the keys are answered, the call ends); what the caller has said so far is thought about; the timers are brought into line. Effects are to be
 * executed in the order given.
 *
 * Named decisions about pairs that look wrong:
 * - anything but the first `call-started`, and anything at all in a closed call, changes nothing;
 * - before `call-started` only an end counts;
 * - speech that starts twice, or stops without having started, changes nothing; so does a timer that is not armed (it was moved or cancelled while
 *   its firing was on its way) and a word for a span that is settled or forgotten;
 * - say, keys, context and silence from outside count only in a live call;
 * - text, clause and voice events count only for the response under way (`isStale`), and text not while its model waits for tools; while the agent
 *   yields, what its audio is said to do is ignored too, because `playback-cleared` tells it better;
 * - while the call is closing, speech is still followed and written down, and never answered; keys are ignored.
 */
import { enterPausing, enterSpeaking, guessSpan, settleLateSpans, settleSpan } from './caller.ts'
import { addContext, considerAnnouncement, onAnnouncement, setSilenced } from './rules/control.ts'
import {
  abandonThought,
  addThoughtText,
  addThoughtTools,
  considerEarlyThinking,
  endThought,
  voiceThought,
} from './rules/early-thinking.ts'
import { considerEnd, endCall, onCarrierStopped, onGoodbyeTimeout } from './rules/ending.ts'
import {
  onModelBrokenOff,
  onModelFailed,
  onRecogniserFailed,
  onStalled,
  onVoiceFailed,
} from './rules/failure.ts'
import { onFillerDue } from './rules/filler.ts'
import { finishText } from './rules/finish-text.ts'
import { judgeSpeechOverAgent, onBargeIn, onPauseEnd, onPlaybackCleared } from './rules/interruption.ts'
import { considerKeypad, onKey, onKeypadTimeout } from './rules/keypad.ts'
import { addText, clausePlayed, clauseStarted, clauseVoiced } from './rules/respond.ts'
import { onSilence } from './rules/silence.ts'
import { onCallStarted } from './rules/start.ts'
import { onToolFinished, onToolsRequested } from './rules/tools.ts'
import { considerTurnEnd, onTurnEnd, onTurnSignal } from './rules/turn.ts'
import type { ConversationState, Draft } from './state.ts'
import { closeDraft, openDraft } from './state.ts'
import { settleTimers } from './timers.ts'
import type { ConversationEffect, ConversationEvent, EndReason, TimerName } from './types.ts'

export interface ConversationStep {
  state: ConversationState
  effects: readonly ConversationEffect[]
}

/** `nowMs`: the call's own clock, never going back. Throws only when an invariant of the machine itself is broken. */
export function step(state: ConversationState, event: ConversationEvent, nowMs: number): ConversationStep {
  if (isStale(state, event)) return { state, effects: [] }
  const draft = openDraft(state, nowMs)
  apply(draft, event)
  considerEnd(draft)
  considerAnnouncement(draft)
  considerKeypad(draft)
  considerTurnEnd(draft)
  // A turn that takes leave begins the end itself.
  considerEnd(draft)
  considerEarlyThinking(draft)
  settleTimers(draft)
  return { state: closeDraft(draft), effects: draft.effects }
}

/** The one place where work for a response that is over is dropped, and everything for a call that is not live. */
function isStale(state: ConversationState, event: ConversationEvent): boolean {
  if (state.call.name === 'closed') return true
  if (state.call.name === 'connecting') {
    return event.type !== 'call-started' && event.type !== 'end-requested' && event.type !== 'carrier-stopped'
  }
  if ('responseId' in event) {
    const { responseId, type } = event
    // A model that waits for its tools has said what it had to say.
    if (type.startsWith('llm-') && state.tools.running.some((tool) => tool.responseId === responseId))
      return true
    return responseId !== state.agent.response?.id && responseId !== state.thinking.thought?.id
  }
  return event.type === 'timer-fired' && state.timers[event.timer] === undefined
}

function apply(draft: Draft, event: ConversationEvent): void {
  const { caller } = draft
  if ('responseId' in event && event.responseId === draft.thinking.thought?.id) {
    onThoughtEvent(draft, event)
    return
  }
  switch (event.type) {
    case 'call-started':
      onCallStarted(draft, event)
      break
    case 'speech-started':
      if (caller.name === 'speaking' || caller.isUnheard) return
      enterSpeaking(draft, event.atMs)
      break
    case 'speech-stopped':
      if (caller.name !== 'speaking') return
      enterPausing(draft, event.atMs)
      break
    case 'transcript-partial':
      if (guessSpan(draft, event.itemId, event.text)) judgeSpeechOverAgent(draft)
      break
    case 'transcript-final':
      if (settleSpan(draft, event.itemId, event.text)) judgeSpeechOverAgent(draft)
      break
    case 'transcript-failed':
      if (settleSpan(draft, event.itemId, null)) judgeSpeechOverAgent(draft)
      break
    case 'turn-signal':
      onTurnSignal(draft, event.signal)
      break
    case 'key-pressed':
      onKey(draft, event.digit)
      break
    case 'llm-delta':
      addText(draft, event.text)
      break
    case 'llm-tools':
      onToolsRequested(draft, event.calls)
      break
    case 'tool-finished':
      onToolFinished(draft, event.callId, event.output)
      break
    case 'llm-finished':
      finishText(draft)
      break
    case 'llm-broken-off':
      onModelBrokenOff(draft)
      break
    case 'llm-failed':
      onModelFailed(draft)
      break
    case 'clause-voiced':
      clauseVoiced(draft)
      break
    case 'clause-started':
      clauseStarted(draft)
      break
    case 'clause-played':
      clausePlayed(draft, event.clauseId)
      break
    case 'playback-cleared':
      onPlaybackCleared(draft, event.clauses)
      break
    case 'tts-failed':
      onVoiceFailed(draft)
      break
    case 'stt-failed':
      onRecogniserFailed(draft)
      break
    case 'timer-fired':
      onTimer(draft, event.timer)
      break
    case 'say-requested':
      onAnnouncement(draft, { kind: 'words', text: event.text, isUrgent: event.isUrgent })
      break
    case 'keys-requested':
      onAnnouncement(draft, { kind: 'keys', digits: event.digits })
      break
    case 'context-added':
      addContext(draft, event.text)
      break
    case 'silence-requested':
      setSilenced(draft, event.isSilenced)
      break
    case 'end-requested':
      endCall(draft, event.reason, event.message ?? farewellFor(draft, event.reason))
      break
    case 'carrier-stopped':
      onCarrierStopped(draft)
      break
    default:
      event satisfies never
  }
}

/** What happens to an answer that nobody waits for yet. A failure is no loss: the turn's own request follows, with all its fallbacks. */
function onThoughtEvent(draft: Draft, event: ConversationEvent): void {
  if (event.type === 'llm-delta') addThoughtText(draft, event.text)
  else if (event.type === 'llm-tools') addThoughtTools(draft, event.calls)
  else if (event.type === 'llm-finished') endThought(draft)
  else if (event.type === 'clause-voiced') voiceThought(draft)
  else abandonThought(draft)
}

/** What is said before an end that nobody gave words for. */
function farewellFor({ language }: Draft, reason: EndReason): string | null {
  return reason === 'max_cost' ? language.costReached : null
}

function onTimer(draft: Draft, timer: TimerName): void {
  const dueMs = draft.timers[timer] ?? draft.nowMs
  delete draft.timers[timer]
  switch (timer) {
    case 'end-of-turn':
      onTurnEnd(draft)
      break
    case 'barge-in':
      onBargeIn(draft)
      break
    case 'pause':
      onPauseEnd(draft)
      break
    case 'silence':
      onSilence(draft)
      break
    case 'keypad':
      onKeypadTimeout(draft)
      break
    case 'transcript':
      settleLateSpans(draft, Math.max(dueMs, draft.nowMs))
      judgeSpeechOverAgent(draft)
      break
    case 'goodbye':
      onGoodbyeTimeout(draft)
      break
    case 'max-duration':
      endCall(draft, 'max_duration', draft.language.timeIsUp)
      break
    case 'stalled':
      onStalled(draft)
      break
    case 'filler':
      onFillerDue(draft)
      break
    case 'early-thinking':
      break
    default:
      timer satisfies never
  }
}
