/**
 * One connection to `/v2/listen`. Flux cuts the caller's speech into turns of its own and tells, again and again, all words of the turn so far with their
 * places in the audio. Our spans are shorter: a caller who pauses makes two spans of one turn. A word belongs to the span in which its middle lies.
 *
 * A committed span is answered
 * - at once when the model has ended the turn there, or thinks it is about to (then the words are as good as final; "State machine");
 * - after `settleMs` with the words so far, when the model has listened to the end of the span and still waits for more: whether the turn is over is the
 *   machine's to decide, and it needs the words for that;
 * - otherwise by force: `ForceEndTurn` makes the model end the turn on what it has.
 */
import { MULAW_BYTES_PER_MS } from '@phonevoice/audio'
import type { Timer, Timers } from '@phonevoice/base'
import type { TurnSignal } from '../contract/index.ts'
import type { SttSession, SttSessionEvents } from '../streaming/stt-stream.ts'
import { openVendorSocket } from '../streaming/vendor-socket.ts'
import { reasonOfClose } from './errors.ts'
import { CLOSE_STREAM, type FluxMessage, FORCE_END_TURN, readFluxMessage, type TimedWord } from './wire.ts'

export interface FluxSessionOptions {
  url: string
  headers: Readonly<Record<string, string>>
  clock: Timers
  connectTimeoutMs: number
  pingIntervalMs: number
  settleMs: number
  events: SttSessionEvents
}

interface Span {
  /** Null while it is being spoken. */
  itemId: string | null
  /** Seconds of audio. */
  start: number
  end: number
  guess: string
  settling: Timer | null
  /** `settleMs` have passed. */
  isDue: boolean
  isForced: boolean
}

type TurnInfo = Extract<FluxMessage, { type: 'turn-info' }>

const SIGNALS: Readonly<Record<TurnInfo['event'], TurnSignal | null>> = {
  Update: null,
  StartOfTurn: 'started',
  EagerEndOfTurn: 'eager-end',
  TurnResumed: 'resumed',
  EndOfTurn: 'end',
}

const BYTES_PER_SECOND = MULAW_BYTES_PER_MS * 1000
/** The vendor's times are rounded, and its model moves in steps of 80 ms. */
const TOLERANCE_SECONDS = 0.1
/** A span ends in the silence by which its end was noticed: an end of turn within that silence has heard all of it. */
const TRAILING_SILENCE_SECONDS = 0.25

export function openFluxSession(options: FluxSessionOptions): SttSession {
  const { clock, events } = options
  let sentBytes = 0
  /** Words of ended turns that belong to spans not yet answered, and those of the turn going on. */
  let endedWords: TimedWord[] = []
  let turnWords: TimedWord[] = []
  let heardUntil = 0
  /** How far an end of turn, or the expectation of one, reaches. */
  let endedUntil = Number.NEGATIVE_INFINITY
  let current = newSpan(0)
  /** Committed and unanswered, oldest first. */
  let committed: Span[] = []

  const socket = openVendorSocket({
    ...options,
    peer: 'recogniser',
    reasonOfClose,
    onOpen() {},
    onText(frame) {
      const message = readFluxMessage(frame)
      if (message) handle(message)
    },
    onLost(reason) {
      end()
      events.onLost(reason)
    },
  })

  function handle(message: FluxMessage): void {
    switch (message.type) {
      case 'connected':
        if (socket.phase !== 'configuring') break
        socket.markReady()
        events.onReady()
        break
      case 'turn-info':
        take(message)
        break
      case 'error':
        // "Error" is fatal here: the vendor closes the connection behind it.
        socket.lose('server', message.message)
        break
      default:
        message satisfies never
    }
  }

  function take({ event, windowEnd, words }: TurnInfo): void {
    heardUntil = Math.max(heardUntil, windowEnd)
    if (event === 'EndOfTurn') {
      endedWords.push(...words)
      turnWords = []
    } else turnWords = words
    if (event === 'EndOfTurn' || event === 'EagerEndOfTurn') endedUntil = Math.max(endedUntil, windowEnd)
    else if (event === 'TurnResumed') endedUntil = Number.NEGATIVE_INFINITY
    guess()
    const signal = SIGNALS[event]
    if (signal) events.onTurn(signal)
    for (const span of [...committed]) {
      if (isSettled(span) || (event === 'EndOfTurn' && span.isForced)) answer(span)
    }
  }

  /** Tells the words so far, where they have changed. */
  function guess(): void {
    for (const span of [...committed, current]) {
      const text = wordsIn(span)
      if (text === span.guess || text === '') continue
      span.guess = text
      events.onPartial(span.itemId, text)
    }
  }

  function isSettled({ start, end, isDue }: Span): boolean {
    // An end at the very beginning of the span is that of the speech before it.
    if (endedUntil >= Math.max(start, end - 2 * TRAILING_SILENCE_SECONDS) + TRAILING_SILENCE_SECONDS)
      return true
    return isDue && heardUntil >= end - TOLERANCE_SECONDS
  }

  function settle(span: Span): void {
    span.isDue = true
    if (isSettled(span)) answer(span)
    else {
      span.isForced = true
      socket.send(FORCE_END_TURN)
    }
  }

  function answer(span: Span): void {
    if (!committed.includes(span)) return
    committed = committed.filter((one) => one !== span)
    span.settling?.cancel()
    const text = wordsIn(span)
    const keptFrom = (committed[0] ?? current).start
    endedWords = endedWords.filter((word) => middleOf(word) >= keptFrom)
    events.onFinal(span.itemId as string, text)
  }

  function wordsIn({ start, end }: Span): string {
    return [...endedWords, ...turnWords]
      .filter((word) => middleOf(word) >= start && middleOf(word) < end)
      .map(({ text }) => text)
      .join(' ')
  }

  function end(): void {
    for (const { settling } of committed) settling?.cancel()
    committed = []
  }

  return {
    get isReady() {
      return socket.phase === 'ready'
    },
    append(mulaw) {
      socket.send(mulaw)
      sentBytes += mulaw.length
    },
    commit(itemId) {
      const span = current
      span.itemId = itemId
      span.end = sentBytes / BYTES_PER_SECOND
      committed.push(span)
      current = newSpan(span.end)
      span.settling = clock.after(options.settleMs, () => settle(span))
      // Callers may not expect a part before commit returns.
      if (isSettled(span)) queueMicrotask(() => answer(span))
    },
    close() {
      end()
      socket.close(CLOSE_STREAM)
    },
  }
}

function newSpan(start: number): Span {
  return {
    itemId: null,
    start,
    end: Number.POSITIVE_INFINITY,
    guess: '',
    settling: null,
    isDue: false,
    isForced: false,
  }
}

function middleOf({ startSeconds, endSeconds }: TimedWord): number {
  return (startSeconds + endSeconds) / 2
}
