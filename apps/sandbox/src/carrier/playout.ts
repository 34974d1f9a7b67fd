import { MULAW_FRAME_BYTES, MULAW_SILENCE } from '@phonevoice/audio'

/** About ten minutes: beyond this Twilio throws audio away (Twilio error 31931). */
export const PLAYOUT_BYTES_MAX = 10 * 60 * 8000
/** Marks waiting at once. The vendor states no number; ours keeps a runaway client from filling memory. */
export const PLAYOUT_MARKS_MAX = 20_000

/**
 * What a carrier plays to a phone: audio in order and in real time, with marks between (Twilio, Media Streams messages: `mark` and `clear`).
 *
 * A frame handed out at one tick is still sounding until the next, so a mark counts as reached one tick after the last byte before it
 * was handed out. With nothing sounding and nothing queued it is reached at once.
 */
export class Playout {
  #chunks: Uint8Array[] = []
  #head = 0
  #headOffset = 0
  #queuedBytes = 0
  /** Positions count bytes accepted since the start; `cleared` bytes count as passed. */
  #acceptedBytes = 0
  #handedOutBytes = 0
  #finishedBytes = 0
  #marks: { position: number; reached: () => void }[] = []
  #markHead = 0

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Whether anything is sounding or waiting to. */
  get isIdle(): boolean {
    return this.#finishedBytes >= this.#acceptedBytes
  }

  /** Queues audio; false when the queue is full, and then nothing was taken. */
  enqueue(mulaw: Uint8Array): boolean {
    if (this.#queuedBytes + mulaw.length > PLAYOUT_BYTES_MAX) return false
    if (mulaw.length === 0) return true
    this.#chunks.push(mulaw)
    this.#queuedBytes += mulaw.length
    this.#acceptedBytes += mulaw.length
    return true
  }

  /** Calls `reached` when everything queued before it has been played or cleared; false when too many are waiting. */
  mark(reached: () => void): boolean {
    if (this.#marks.length - this.#markHead >= PLAYOUT_MARKS_MAX) return false
    if (this.isIdle && this.#markHead === this.#marks.length) {
      reached()
      return true
    }
    this.#marks.push({ position: this.#acceptedBytes, reached })
    return true
  }

  /** Throws away what is queued; every waiting mark is reached now, in order. */
  clear(): void {
    this.#forgetAudio()
    this.#reachMarks(Number.POSITIVE_INFINITY)
  }

  /** Throws away audio and marks alike. */
  drop(): void {
    this.#forgetAudio()
    this.#marks = []
    this.#markHead = 0
  }

  /**
   * One tick: what was handed out before has finished, and the next 20 ms go into `frame` (160 bytes, padded with silence).
   * False when there is nothing to play; `frame` is then untouched.
   */
  next(frame: Uint8Array): boolean {
    this.#finishedBytes = this.#handedOutBytes
    this.#reachMarks(this.#finishedBytes)
    if (this.#queuedBytes === 0) return false
    let filled = 0
    while (filled < MULAW_FRAME_BYTES && this.#queuedBytes > 0) {
      const chunk = this.#chunks[this.#head]!
      const take = Math.min(MULAW_FRAME_BYTES - filled, chunk.length - this.#headOffset)
      frame.set(chunk.subarray(this.#headOffset, this.#headOffset + take), filled)
      filled += take
      this.#headOffset += take
      this.#queuedBytes -= take
      if (this.#headOffset === chunk.length) this.#dropHead()
    }
    if (filled < MULAW_FRAME_BYTES) frame.fill(MULAW_SILENCE, filled)
    this.#handedOutBytes += filled
    return true
  }

  #dropHead(): void {
    this.#head++
    this.#headOffset = 0
    if (this.#head > 64 && this.#head * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head)
      this.#head = 0
    }
  }

  #forgetAudio(): void {
    this.#chunks = []
    this.#head = 0
    this.#headOffset = 0
    this.#queuedBytes = 0
    this.#handedOutBytes = this.#acceptedBytes
    this.#finishedBytes = this.#acceptedBytes
  }

  #reachMarks(position: number): void {
    while (this.#markHead < this.#marks.length && this.#marks[this.#markHead]!.position <= position) {
      const { reached } = this.#marks[this.#markHead]!
      this.#markHead++
      reached()
    }
    if (this.#markHead === this.#marks.length) {
      this.#marks = []
      this.#markHead = 0
    } else if (this.#markHead > 256) {
      this.#marks = this.#marks.slice(this.#markHead)
      this.#markHead = 0
    }
  }
}
