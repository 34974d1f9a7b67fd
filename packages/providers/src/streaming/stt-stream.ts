/**
 * What every streamed recogniser owes its caller, whoever the vendor is; a vendor's session only speaks the wire.
 *
 * A stream outlives its sessions:
 * - Before the first session is ready, audio and commits wait; more than five seconds of audio pushes out the oldest, with a warning.
 * - A lost session is replaced once, at once, and all unanswered audio (up to 30 s) is sent again. When the replacement fails too, the stream has failed.
 *   A replacement that has worked for half a minute earns the right to another one.
 * - Audio goes out in messages of 80 ms, the rest with the commit: guesses may lag by so much, finals do not.
 * - Past `sessionMsMax` the next commit also changes to a new session; the old one stays until it has answered.
 *
 * Every commit is answered once: by its final, or by `item-failed` when the vendor says so or `finalTimeoutMs` has passed.
 */

import { MULAW_BYTES_PER_MS, mulawSilence } from '@phonevoice/audio'
import { isRetryableCategory, type Timer, type Timers } from '@phonevoice/base'
import type { SttPart, SttStream, TurnSignal } from '../contract/index.ts'
import { createAudioGatherer } from './audio-gatherer.ts'
import { createAudioSpans, type Span } from './audio-spans.ts'
import type { LostReason } from './vendor-socket.ts'

/** One connection to a recogniser. */
export interface SttSession {
  readonly isReady: boolean
  /** Only while ready. */
  append(mulaw: Uint8Array): void
  /** Only while ready. Its outcome comes as `onFinal` or `onItemFailed`. */
  commit(itemId: string): void
  close(): void
}

/** What a session tells its stream. */
export interface SttSessionEvents {
  onReady(): void
  /** The transcript so far of a span; `itemId` is null until it has been committed. */
  onPartial(itemId: string | null, text: string): void
  onFinal(itemId: string, text: string): void
  onItemFailed(itemId: string, message: string): void
  onTurn(signal: TurnSignal): void
  onWarning(setting: string, message: string): void
  /** Once; the session is over. */
  onLost(reason: LostReason): void
}

export interface SttStreamSetup {
  clock: Timers
  /** Opens a session; it connects behind it. */
  connect(events: SttSessionEvents): SttSession
  onPart(part: SttPart): void
  /** From a commit to its final; then the item fails. Milliseconds. */
  finalTimeoutMs: number
  /** Shorter spans are padded with silence before they are committed. Milliseconds; 0: the vendor takes any. */
  commitMsMin: number
  /** Age at which a session is replaced at the next commit. */
  sessionMsMax: number
}

const WAITING_BYTES_MAX = 5_000 * MULAW_BYTES_PER_MS
const REPLAY_BYTES_MAX = 30_000 * MULAW_BYTES_PER_MS
const SPANS_MAX = 32
const EARNS_RECONNECT_MS = 30_000

export function openSttStream(setup: SttStreamSetup): SttStream {
  const { clock, finalTimeoutMs } = setup
  const commitBytesMin = setup.commitMsMin * MULAW_BYTES_PER_MS
  const spans = createAudioSpans()
  const deadlines = new Map<string, Timer>()
  let isOver = false
  let hasBeenReady = false
  let reconnectsLeft = 1
  let hasWarnedOfDrops = false
  let earning: Timer | null = null
  let openedAtMs = clock.now()
  /** Between the stream and its session. What it holds is in the current span too, so a lost session loses nothing. */
  const outgoing = createAudioGatherer((mulaw) => {
    if (session.isReady) session.append(mulaw)
  })
  /** Audio of the current span that the vendor has or is about to get, for the bill. */
  let sentBytes = 0
  let session = connect()
  /** The session before this one, until it has answered what was committed to it. */
  let retiring: { session: SttSession; itemIds: Set<string> } | null = null

  /** While audio is sent again, parts wait: their receiver may send or commit at once, which must not come in between. */
  let heldParts: SttPart[] | null = null

  function emit(part: SttPart): void {
    if (heldParts) heldParts.push(part)
    else if (!isOver) setup.onPart(part)
  }

  function connect(): SttSession {
    openedAtMs = clock.now()
    const opened: SttSession = setup.connect({
      onReady: () => becomeReady(opened),
      onPartial: (itemId, text) => {
        if (itemId === null ? opened === session : deadlines.has(itemId))
          emit({ type: 'partial', itemId, text })
      },
      onFinal: (itemId, text) => answer(itemId, { type: 'final', itemId, text }),
      onItemFailed: (itemId, message) => answer(itemId, { type: 'item-failed', itemId, message }),
      onTurn: (signal) => {
        if (opened === session) emit({ type: 'turn', signal })
      },
      onWarning: (setting, message) => emit({ type: 'warning', setting, message }),
      onLost: (reason) => (opened === session ? recover(reason) : retire(reason)),
    })
    return opened
  }

  function becomeReady(opened: SttSession): void {
    if (isOver || opened !== session) return
    // Everything is sent again from the spans.
    outgoing.drop()
    earning?.cancel()
    earning = clock.after(EARNS_RECONNECT_MS, () => {
      reconnectsLeft = 1
    })
    heldParts = hasBeenReady ? [] : [{ type: 'ready' }]
    hasBeenReady = true
    for (const span of [...spans.committed]) {
      if (retiring?.itemIds.has(span.itemId as string)) continue
      if (span.chunks.length === 0) fail(span, 'The audio of this span was lost with the connection.')
      else transmit(span)
    }
    for (const chunk of spans.current.chunks) send(chunk)
    const parts = heldParts
    heldParts = null
    for (const part of parts) emit(part)
  }

  function transmit(span: Span): void {
    for (const chunk of span.chunks) send(chunk)
    finishSpan(span)
  }

  /** Pads what is too short for the vendor, commits, and reports what will be billed. */
  function finishSpan(span: Span): void {
    if (sentBytes < commitBytesMin) send(mulawSilence((commitBytesMin - sentBytes) / MULAW_BYTES_PER_MS))
    outgoing.flush()
    if (!session.isReady) return
    session.commit(span.itemId as string)
    reportUsage()
  }

  function send(mulaw: Uint8Array): void {
    // Sending can be what shows that the connection is dead; then everything is sent again later.
    if (!session.isReady) return
    outgoing.add(mulaw)
    sentBytes += mulaw.length
  }

  function reportUsage(): void {
    const audioSeconds = sentBytes / (MULAW_BYTES_PER_MS * 1000)
    sentBytes = 0
    if (audioSeconds > 0) emit({ type: 'usage', audioSeconds })
  }

  function answer(itemId: string, part: SttPart): void {
    if (!spans.settle(itemId)) return
    deadlines.get(itemId)?.cancel()
    deadlines.delete(itemId)
    emit(part)
    if (retiring?.itemIds.delete(itemId) && retiring.itemIds.size === 0) {
      retiring.session.close()
      retiring = null
    }
  }

  function fail(span: Span, message: string): void {
    answer(span.itemId as string, { type: 'item-failed', itemId: span.itemId as string, message })
  }

  function recover(reason: LostReason): void {
    sentBytes = 0
    if (isOver) return
    // A first connection that takes too long would take twice too long.
    const isTooLate = !hasBeenReady && reason.category === 'timeout'
    if (!isRetryableCategory(reason.category) || isTooLate || reconnectsLeft === 0) {
      breakDown(reason)
      return
    }
    reconnectsLeft--
    emit({ type: 'warning', setting: 'connection', message: `${reason.message} Trying once more.` })
    // The receiver of a part may have closed the stream.
    if (!isOver) session = connect()
  }

  function retire(reason: LostReason): void {
    for (const span of spans.committed.filter(({ itemId }) => retiring?.itemIds.has(itemId as string))) {
      fail(span, reason.message)
    }
  }

  function breakDown(reason: LostReason): void {
    for (const span of [...spans.committed]) fail(span, reason.message)
    emit({ type: 'failed', category: reason.category, message: reason.message })
    shutDown()
  }

  /** Moves to a new session at a boundary between two spans. */
  function rotate(): void {
    retiring?.session.close()
    retiring = { session, itemIds: new Set(spans.committed.map(({ itemId }) => itemId as string)) }
    session = connect()
  }

  function shutDown(): void {
    isOver = true
    earning?.cancel()
    for (const timer of deadlines.values()) timer.cancel()
    deadlines.clear()
    retiring?.session.close()
    session.close()
  }

  return {
    sendAudio(mulaw) {
      if (isOver || mulaw.length === 0) return
      const droppedBytes = spans.add(mulaw, hasBeenReady ? REPLAY_BYTES_MAX : WAITING_BYTES_MAX)
      if (session.isReady) send(mulaw)
      else if (droppedBytes > 0 && !hasWarnedOfDrops) {
        hasWarnedOfDrops = true
        emit({
          type: 'warning',
          setting: 'audio',
          message: 'The recogniser was not ready; the oldest audio was dropped.',
        })
      }
    },
    commit(itemId) {
      if (isOver) return
      const span = spans.commit(itemId)
      deadlines.set(
        itemId,
        clock.after(finalTimeoutMs, () => fail(span, 'The recogniser did not answer in time.')),
      )
      if (span.totalBytes === 0) {
        // Nothing to recognise. Answered later, like every commit: callers may not expect a part before commit returns.
        queueMicrotask(() => answer(itemId, { type: 'final', itemId, text: '' }))
        return
      }
      if (spans.committed.length > SPANS_MAX) fail(span, 'Too many spans wait for the recogniser.')
      else if (session.isReady) {
        finishSpan(span)
        if (clock.now() - openedAtMs >= setup.sessionMsMax) rotate()
      }
    },
    close() {
      if (isOver) return
      outgoing.flush()
      reportUsage()
      shutDown()
    },
  }
}
