/**
 * One connection to `/v1/listen`. The vendor cuts the audio into stretches of its own and says of each, by its place in the audio, what was said in it: first
 * guesses, then once a text that stays (`is_final`). A span of ours is a stretch too, so every text belongs to the span in which its middle lies, whenever it
 * comes; what belongs to an answered span is late and dropped, so no words are told twice.
 *
 * `Finalize` makes the vendor commit itself to everything it has. Its answer (`from_finalize`) is not guaranteed when it has nothing left to say ("Finalize");
 * therefore a span is also answered when final texts reach to its end, or, where the vendor has been heard from at all, when no guess is left open for a while.
 */
import { MULAW_BYTES_PER_MS, mulawSilence } from '@phonevoice/audio'
import type { Timer, Timers } from '@phonevoice/base'
import type { SttSession, SttSessionEvents } from '../streaming/stt-stream.ts'
import { openVendorSocket } from '../streaming/vendor-socket.ts'
import { reasonOfClose } from './errors.ts'
import { CLOSE_STREAM, FINALIZE, KEEP_ALIVE, type ListenMessage, readListenMessage } from './wire.ts'

export interface ListenSessionOptions {
  url: string
  headers: Readonly<Record<string, string>>
  clock: Timers
  connectTimeoutMs: number
  pingIntervalMs: number
  keepAliveMs: number
  events: SttSessionEvents
}

interface Span {
  /** Null while it is being spoken. */
  itemId: string | null
  /** Seconds of audio. */
  start: number
  end: number
  finals: string[]
  guess: string
  finalUntil: number
  unanswered: Timer | null
  /** The vendor has said something, whatever it was, since the span began. */
  isListenedTo: boolean
}

type Results = Extract<ListenMessage, { type: 'results' }>

const BYTES_PER_SECOND = MULAW_BYTES_PER_MS * 1000
/** The vendor's times are rounded. */
const TOLERANCE_SECONDS = 0.05
/** How long an answer to `Finalize` is waited for when all that was said seems to be known. */
const FINALIZE_MS = 600
/** Sessions that never got audio are ended although they are kept alive. */
const FIRST_AUDIO_MS = 100

export function openListenSession(options: ListenSessionOptions): SttSession {
  const { clock, events } = options
  let sentBytes = 0
  let hasSentSinceTick = false
  let current: Span = newSpan(0)
  /** Committed and unanswered, oldest first. */
  let committed: Span[] = []

  const socket = openVendorSocket({
    ...options,
    peer: 'recogniser',
    reasonOfClose,
    onOpen() {
      // There is no message of welcome: an accepted handshake is all the vendor says.
      socket.markReady()
      events.onReady()
    },
    onText(frame) {
      const message = readListenMessage(frame)
      if (message) handle(message)
    },
    onLost(reason) {
      end()
      events.onLost(reason)
    },
  })
  const keepAlive = clock.every(options.keepAliveMs, () => {
    if (socket.phase === 'ready' && !hasSentSinceTick) {
      if (sentBytes === 0) append(mulawSilence(FIRST_AUDIO_MS))
      else socket.send(KEEP_ALIVE)
    }
    hasSentSinceTick = false
  })

  function handle(message: ListenMessage): void {
    switch (message.type) {
      case 'results':
        take(message)
        break
      case 'error':
        events.onWarning('session', message.message)
        break
      default:
        message satisfies never
    }
  }

  function take(results: Results): void {
    const until = results.start + results.duration
    const middle = results.start + results.duration / 2
    const span = [...committed, current].find(({ start, end }) => middle >= start && middle < end)
    for (const one of [...committed, current]) one.isListenedTo = true
    if (span) {
      if (results.isFinal) {
        if (results.text !== '') span.finals.push(results.text)
        span.guess = ''
        span.finalUntil = Math.max(span.finalUntil, until)
      } else span.guess = results.text
      const text = textOf(span)
      if (text !== '') events.onPartial(span.itemId, text)
    }
    for (const one of [...committed]) {
      const isFlushed = results.isFromFinalize && until > one.start && one.end <= until + TOLERANCE_SECONDS
      if (isFlushed || isFinalToItsEnd(one)) answer(one)
    }
  }

  function answer(span: Span): void {
    if (!committed.includes(span)) return
    committed = committed.filter((one) => one !== span)
    span.unanswered?.cancel()
    events.onFinal(span.itemId as string, textOf(span))
  }

  function append(mulaw: Uint8Array): void {
    // An empty frame would end the stream.
    if (mulaw.length === 0) return
    socket.send(mulaw)
    sentBytes += mulaw.length
    hasSentSinceTick = true
  }

  function end(): void {
    keepAlive.cancel()
    for (const { unanswered } of committed) unanswered?.cancel()
    committed = []
  }

  return {
    get isReady() {
      return socket.phase === 'ready'
    },
    append,
    commit(itemId) {
      const span = current
      span.itemId = itemId
      span.end = sentBytes / BYTES_PER_SECOND
      span.unanswered = clock.after(FINALIZE_MS, () => {
        if (span.isListenedTo && span.guess === '') answer(span)
      })
      committed.push(span)
      current = newSpan(span.end)
      socket.send(FINALIZE)
      // Callers may not expect a part before commit returns.
      if (isFinalToItsEnd(span)) queueMicrotask(() => answer(span))
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
    finals: [],
    guess: '',
    finalUntil: start,
    unanswered: null,
    isListenedTo: false,
  }
}

function isFinalToItsEnd(span: Span): boolean {
  return span.finalUntil > span.start && span.finalUntil >= span.end - TOLERANCE_SECONDS
}

function textOf({ finals, guess }: Span): string {
  return [...finals, guess].filter((text) => text !== '').join(' ')
}
