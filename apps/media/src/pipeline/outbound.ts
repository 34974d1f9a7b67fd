/**
 * The speaking half of the audio path: clause audio in, paced media messages out, and the knowledge of what has been heard.
 *
 * Audio is sent a little ahead of real time (`LEAD_MS`): enough to survive a late tick, little enough that an interruption drops almost nothing.
 * Each piece (at most `PIECE_MS`) is followed by a mark; the carrier returns it when everything before it has been played. What has been heard is the
 * last returned mark plus the time since, never more than was sent. How soon to send is another matter: a mark has travelled, and a lead reckoned from
 * it would be shorter by that journey, to nothing on a long line. So sending follows the clock alone, from when the carrier last had nothing to play.
 *
 * A `clear` starts a new generation. Marks carry their generation in their name, because the carrier also returns the marks it flushed:
 * a mark of an older generation says nothing about what was heard.
 */
import { FRAME_MS, MULAW_BYTES_PER_MS, MULAW_FRAME_BYTES, MULAW_SILENCE } from '@phonevoice/audio'
import type { ClauseAudio } from './clause-audio.ts'
import { findBreak } from './find-break.ts'

/** How far sending runs ahead of playing, at most; at least a piece less. */
const LEAD_MS = 320
/** Most audio between two marks. Each piece costs a system call and a message back, however short. */
const PIECE_MS = 160
/** A mark this late is taken for returned: carriers lose them, and a call must not hang on one. */
const MARK_OVERDUE_MS = 2000

/** Inside a clause the recording follows what was sent. Only a pause longer than a late tick makes is one that the caller heard. */
const PLAYOUT_SLACK_MS = 40
/** A carrier that is this far behind the clock has stood still, and goes on from where its marks say. */
const STANDSTILL_MS = 1000

/** Where messages to the carrier go. */
export interface CarrierSink {
  sendMedia(mulaw: Uint8Array): void
  sendMark(name: string): void
  sendClear(): void
}

export interface OutboundOptions {
  sink: CarrierSink
  /** The call's clock, milliseconds since the stream started. */
  now(): number
  onClauseStarted(responseId: string, clauseId: number): void
  onClausePlayed(responseId: string, clauseId: number): void
  /** Audio that will be heard at `offsetMs`, for the recording. */
  onPlayout(offsetMs: number, mulaw: Uint8Array): void
  /** What was to be heard from `offsetMs` on has been dropped. */
  onCut(offsetMs: number): void
}

/** How much of one clause the caller has heard. */
export interface HeardAudio {
  clauseId: number
  heardMs: number
  durationMs: number | null
}

interface Queued {
  clause: ClauseAudio
  readBytes: number
  hasStarted: boolean
}

interface Piece {
  name: string
  clause: ClauseAudio
  /** Positions within the generation, milliseconds. */
  fromMs: number
  toMs: number
  /** Position within the clause that `toMs` stands for. */
  clauseToMs: number
  isClauseEnd: boolean
}

export interface Outbound {
  /** Queues a clause behind those already queued, from about `fromMs` on, where a word begins; its audio may still be growing. */
  play(clause: ClauseAudio, fromMs: number): void
  /** Sends what is due. Called by the process's clock, and whenever audio arrives. */
  pump(): void
  /** The carrier returned a mark. */
  markReturned(name: string): void
  /** Snapshots what was heard of the response, then drops everything queued here and at the carrier. */
  clear(responseId: string): HeardAudio[]
  /** True while the caller hears, or is about to hear, something. */
  readonly isAudible: boolean
}

export function createOutbound(options: OutboundOptions): Outbound {
  const { sink, now } = options
  let queue: Queued[] = []
  let outstanding: Piece[] = []
  let generation = 0
  let marks = 0
  /** Audio sent in this generation. */
  let sentMs = 0
  let anchorMs = 0
  let anchorAtMs = 0
  /** By the clock: this much had been played at that time. */
  let pacedMs = 0
  let pacedAtMs = 0
  /** Where the recorded audio ends. */
  let playoutEndMs = 0
  /** Clauses of the current response and how far each has been heard, beyond what `outstanding` still knows. */
  let heard = new Map<number, { clause: ClauseAudio; heardMs: number }>()
  let responseId = ''

  const positionMs = (): number => Math.min(sentMs, anchorMs + (now() - anchorAtMs))
  const paceMs = (): number => Math.min(sentMs, pacedMs + (now() - pacedAtMs))

  function setPace(playedMs: number): void {
    pacedMs = playedMs
    pacedAtMs = now()
  }

  function rememberClause(clause: ClauseAudio): void {
    if (clause.responseId !== responseId) {
      responseId = clause.responseId
      heard = new Map()
    }
    if (!heard.has(clause.clauseId)) heard.set(clause.clauseId, { clause, heardMs: 0 })
  }

  function raiseHeard(clause: ClauseAudio, clauseMs: number): void {
    if (clause.responseId !== responseId) return
    const entry = heard.get(clause.clauseId)
    if (entry) entry.heardMs = Math.max(entry.heardMs, clauseMs)
  }

  function sendPiece(entry: Queued, mulaw: Uint8Array): void {
    if (positionMs() >= sentMs) {
      anchorMs = sentMs
      anchorAtMs = now()
    }
    if (paceMs() >= sentMs) setPace(sentMs)
    const durationMs = mulaw.length / MULAW_BYTES_PER_MS
    const estimateMs = now() + (sentMs - paceMs())
    const slackMs = entry.hasStarted ? PLAYOUT_SLACK_MS : 0
    const playoutMs = estimateMs > playoutEndMs + slackMs ? estimateMs : playoutEndMs
    playoutEndMs = playoutMs + durationMs
    options.onPlayout(playoutMs, mulaw)
    sink.sendMedia(mulaw)
    const fromMs = sentMs
    sentMs += durationMs
    entry.readBytes += mulaw.length
    const isClauseEnd = entry.clause.isComplete && entry.readBytes >= entry.clause.bytes
    sendMark(entry.clause, fromMs, entry.readBytes / MULAW_BYTES_PER_MS, isClauseEnd)
  }

  function sendMark(clause: ClauseAudio, fromMs: number, clauseToMs: number, isClauseEnd: boolean): void {
    const piece = { name: `g${generation}.${++marks}`, clause, fromMs, toMs: sentMs, clauseToMs, isClauseEnd }
    outstanding.push(piece)
    sink.sendMark(piece.name)
  }

  function takePiece(entry: Queued): Uint8Array | null {
    const room = PIECE_MS * MULAW_BYTES_PER_MS
    const available = entry.clause.bytes - entry.readBytes
    if (available >= MULAW_FRAME_BYTES) {
      const whole = Math.min(room, available - (available % MULAW_FRAME_BYTES))
      return entry.clause.read(entry.readBytes, whole)
    }
    if (!entry.clause.isComplete || available <= 0) return null
    const padded = new Uint8Array(MULAW_FRAME_BYTES).fill(MULAW_SILENCE)
    padded.set(entry.clause.read(entry.readBytes, available))
    return padded
  }

  function settle(piece: Piece): void {
    raiseHeard(piece.clause, piece.clauseToMs)
    if (piece.isClauseEnd) options.onClausePlayed(piece.clause.responseId, piece.clause.clauseId)
  }

  function settleOverdue(): void {
    const clockMs = anchorMs + (now() - anchorAtMs)
    while (outstanding[0] && outstanding[0].toMs + MARK_OVERDUE_MS < clockMs) settle(outstanding.shift()!)
  }

  return {
    play(clause, fromMs) {
      rememberClause(clause)
      raiseHeard(clause, fromMs)
      queue.push({ clause, readBytes: findBreak(clause, fromMs) * MULAW_FRAME_BYTES, hasStarted: false })
      this.pump()
    },
    pump() {
      for (let entry = queue[0]; entry; entry = queue[0]) {
        if (sentMs - paceMs() > LEAD_MS - PIECE_MS) break
        const piece = takePiece(entry)
        if (piece) {
          sendPiece(entry, piece)
          if (!entry.hasStarted) {
            entry.hasStarted = true
            options.onClauseStarted(entry.clause.responseId, entry.clause.clauseId)
            // The listener may have cleared the queue.
            if (queue[0] !== entry) continue
          }
        } else if (!entry.clause.isComplete) {
          break
        }
        if (entry.clause.isComplete && entry.readBytes >= entry.clause.bytes) {
          // Audio whose end became known only after it was sent still needs the mark that says "heard whole".
          if (!piece) sendMark(entry.clause, sentMs, entry.clause.bytes / MULAW_BYTES_PER_MS, true)
          queue.shift()
        }
      }
      settleOverdue()
    },
    markReturned(name) {
      const index = outstanding.findIndex((piece) => piece.name === name)
      if (index < 0) return
      const settled = outstanding.splice(0, index + 1)
      anchorMs = settled.at(-1)!.toMs
      anchorAtMs = now()
      const aheadMs = paceMs() - anchorMs
      if (aheadMs < 0 || aheadMs > STANDSTILL_MS) setPace(anchorMs)
      for (const piece of settled) settle(piece)
    },
    clear(ofResponseId) {
      const position = positionMs()
      for (const piece of outstanding) {
        if (piece.clause.responseId !== ofResponseId || position <= piece.fromMs) continue
        // By the clock alone a clause is never heard whole: its last word would be lost where the carrier is a little behind.
        const endMs = piece.isClauseEnd ? piece.toMs - FRAME_MS : piece.toMs
        const playedMs = Math.min(endMs, position) - piece.fromMs
        raiseHeard(piece.clause, piece.clauseToMs - (piece.toMs - piece.fromMs) + playedMs)
      }
      const snapshot = responseId === ofResponseId ? [...heard.entries()] : []
      playoutEndMs = now()
      options.onCut(playoutEndMs)
      queue = []
      outstanding = []
      generation++
      sentMs = 0
      anchorMs = 0
      anchorAtMs = now()
      setPace(0)
      sink.sendClear()
      return snapshot.map(([clauseId, { clause, heardMs }]) => ({
        clauseId,
        heardMs: Math.min(heardMs, clause.durationMs ?? heardMs),
        durationMs: clause.durationMs,
      }))
    },
    get isAudible() {
      return queue.length > 0 || outstanding.length > 0
    },
  }
}
