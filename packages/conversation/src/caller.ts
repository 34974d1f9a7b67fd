/**
 * The caller machine: what is the person doing?
 *
 * silent    Not speaking, and nothing said is waiting for a decision. No span is kept.
 *           -> speaking  voice activity begins.
 * speaking  Voice activity. The last span is open; earlier ones belong to the same turn.
 *           -> pausing   voice activity ends, or has lasted so long that we stop believing in it. The span is committed at the recogniser.
 * pausing   Quiet again, with words not decided upon or not yet known. Every span is closed.
 *           -> speaking  voice activity begins again: the same turn goes on.
 *           -> silent    the turn is taken (answered), or nothing remains of it (noise, a backchannel).
 *
 * A span is one stretch of voice activity: open, then committed, then settled by its final text, by its failure, or by its deadline (then the last
 * partial stands). Words for a span that is not kept, or settled already, are too late and are dropped.
 */
import { assertEntry } from './assert-entry.ts'
import type { TurnOpinion } from './policies/turn-end/turn-end-delay.ts'
import type { Draft } from './state.ts'
import type { ItemId } from './types.ts'

export interface Span {
  readonly itemId: ItemId
  /** First voiced frame. */
  readonly startMs: number
  /** Last voiced frame; null while open. */
  readonly endMs: number | null
  /** The latest guess, then the final text; empty when nothing was understood. */
  readonly text: string
  readonly isSettled: boolean
  /** Committed: when its final text stops being waited for. */
  readonly deadlineMs: number | null
  /** When the recogniser was asked for it, and when it was settled; null: not yet. */
  readonly committedMs: number | null
  readonly settledMs: number | null
}

export interface Caller {
  name: 'silent' | 'speaking' | 'pausing'
  spans: readonly Span[]
  /** Item ids given so far. */
  items: number
  /** The last voiced frame of all speech that is over. */
  speechEndedMs: number
  /** When the speech now going on will have lasted `minSpeechMs`; null once it has been judged. */
  bargeInAtMs: number | null
  /** When the turn counts as over; null while that is not known. */
  turnEndAtMs: number | null
  /** What this caller's pauses have taught; null: nothing yet. */
  learnedPauseMs: number | null
  /** When the latest answer began, and the turn it was to had ended. */
  lastAnswer: { readonly speechEndedMs: number; readonly firstAudioSentMs: number } | null
  /** The last backchannel said over the agent's voice: an early "yes" may turn out to answer its question. */
  murmur: readonly Span[]
  /** What the recogniser last said about the turn; null where it says nothing about turns. */
  recogniserOpinion: TurnOpinion | null
  /** Keys pressed and not yet taken as a turn. */
  digits: string
  digitsFromMs: number
  digitsToMs: number
  keypadAtMs: number | null
  areDigitsDone: boolean
  /** The recogniser is lost: speech is no longer followed. */
  isUnheard: boolean
}

/** How long a committed span waits for its text. Slow recognisers need 2 s (p99); beyond this the last guess must do. */
const transcriptDeadlineMs = 3000
/** The least silence between a noise and a re-prompt. */
const quietAfterNoiseMs = 2000
/** Voice activity that lasts longer than this is cut: a radio must not keep a call silent. */
export const longestSpeechMs = 30_000

export function newCaller(): Caller {
  return {
    name: 'silent',
    spans: [],
    items: 0,
    speechEndedMs: 0,
    bargeInAtMs: null,
    turnEndAtMs: null,
    learnedPauseMs: null,
    lastAnswer: null,
    murmur: [],
    recogniserOpinion: null,
    digits: '',
    digitsFromMs: 0,
    digitsToMs: 0,
    keypadAtMs: null,
    areDigitsDone: false,
    isUnheard: false,
  }
}

export function enterSpeaking(draft: Draft, atMs: number): void {
  const { caller, settings } = draft
  assertEntry(caller.name !== 'speaking', 'speech begins once')
  caller.name = 'speaking'
  caller.items += 1
  // Never before the speech in front of it, whatever voice activity says.
  const startMs = Math.max(caller.speechEndedMs, Math.min(atMs, draft.nowMs))
  const span = {
    itemId: `i${caller.items}`,
    startMs,
    endMs: null,
    text: '',
    isSettled: false,
    deadlineMs: null,
    committedMs: null,
    settledMs: null,
  }
  caller.spans = [...caller.spans, span]
  caller.bargeInAtMs = startMs + settings.interruption.minSpeechMs
  caller.turnEndAtMs = null
  if (caller.recogniserOpinion !== null) caller.recogniserOpinion = 'going-on'
}

export function enterPausing(draft: Draft, atMs: number): void {
  const { caller, nowMs } = draft
  const open = caller.spans.at(-1)
  assertEntry(caller.name === 'speaking' && open !== undefined, 'only a speaking caller falls silent')
  caller.name = 'pausing'
  const endMs = Math.max(open.startMs, Math.min(atMs, nowMs))
  caller.speechEndedMs = endMs
  const committed = { ...open, endMs, committedMs: nowMs, deadlineMs: nowMs + transcriptDeadlineMs }
  caller.spans = [...caller.spans.slice(0, -1), committed]
  if (!caller.isUnheard) draft.effects.push({ type: 'stt-commit', itemId: open.itemId })
}

/** A new guess for a span. Returns false when the span is unknown or settled. */
export function guessSpan(draft: Draft, itemId: ItemId, text: string): boolean {
  return changeSpan(draft, itemId, (span) => ({ ...span, text: text.trim() }))
}

/** The last word on a span; null keeps the latest guess. Returns false when the span is unknown or settled. */
export function settleSpan(draft: Draft, itemId: ItemId, text: string | null): boolean {
  const isKnown = changeSpan(draft, itemId, (span) => ({
    ...span,
    text: (text ?? span.text).trim(),
    isSettled: true,
    settledMs: draft.nowMs,
  }))
  if (isKnown) keepSpans(draft, (span) => span.text !== '' || !span.isSettled)
  return isKnown
}

/** Settles with its latest guess every span whose deadline has come. */
export function settleLateSpans(draft: Draft, deadlineMs: number): void {
  for (const span of draft.caller.spans) {
    if (!span.isSettled && span.deadlineMs !== null && span.deadlineMs <= deadlineMs)
      settleSpan(draft, span.itemId, null)
  }
}

function changeSpan(draft: Draft, itemId: ItemId, change: (span: Span) => Span): boolean {
  const { caller } = draft
  const span = caller.spans.find((candidate) => candidate.itemId === itemId)
  if (span === undefined || span.isSettled) return false
  caller.spans = caller.spans.map((candidate) => (candidate === span ? change(span) : candidate))
  caller.turnEndAtMs = null
  return true
}

/** Keeps some spans and forgets the rest. An open span is always kept. */
export function keepSpans(draft: Draft, shouldKeep: (span: Span) => boolean): void {
  const { caller } = draft
  caller.spans = caller.spans.filter((span) => span.endMs === null || shouldKeep(span))
  caller.turnEndAtMs = null
  if (caller.spans.length === 0 && caller.name === 'pausing') enterSilent(draft)
}

/** Takes the closed, settled spans off the caller. */
export function takeSettledSpans(
  draft: Draft,
  isTaken: (span: Span) => boolean = () => true,
): readonly Span[] {
  const taken = draft.caller.spans.filter((span) => span.endMs !== null && span.isSettled && isTaken(span))
  keepSpans(draft, (span) => !taken.includes(span))
  return taken
}

/** Puts settled spans back before those of now: their turn was not over after all. */
export function returnSpans(draft: Draft, spans: readonly Span[]): void {
  const { caller } = draft
  caller.spans = [...spans, ...caller.spans]
  caller.turnEndAtMs = null
  if (caller.name === 'silent' && spans.length > 0) caller.name = 'pausing'
}

function enterSilent(draft: Draft): void {
  const { caller, call, nowMs, settings } = draft
  assertEntry(caller.spans.length === 0, 'a silent caller has nothing undecided')
  // A noise does not begin the caller's silence anew, but nobody should be asked whether they are there within a moment of it.
  call.quietSinceMs = Math.max(call.quietSinceMs, nowMs + quietAfterNoiseMs - settings.silence.timeoutMs)
  caller.name = 'silent'
  caller.bargeInAtMs = null
  caller.turnEndAtMs = null
}

export function areSpansSettled(caller: Readonly<Caller>): boolean {
  return caller.spans.every((span) => span.isSettled)
}

export function spansText(spans: readonly Span[]): string {
  return spans
    .map((span) => span.text)
    .filter((text) => text !== '')
    .join(' ')
}
