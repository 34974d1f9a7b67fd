/**
 * One person on the phone, and the carrier between them and us: sends a frame every 20 ms, whatever happens; plays what comes, in real time; returns marks
 * when they have been played; drops what waits when told to. What the person does is in `scenes.ts`.
 */
import { MULAW_BYTES_PER_MS, MULAW_FRAME_BYTES } from '@phonevoice/audio'
import { AUDIO, FRAME_MS, framePayload, SILENCE } from './frames.ts'
import { type Line, openLine, type Ticket } from './line.ts'
import { SPOKEN_WORD_MS, type UtteranceName } from './script.ts'
import { readFrame } from './voice.ts'

/** Filled by all callers of a round. */
export interface LineFigures {
  /** Moments within an answer when there was nothing left to play, other than after a `clear`. */
  gaps: number
  gapMs: number
  socketsLost: number
}

/** Audio as it was, or will be, played. */
interface Played {
  fromAt: number
  toAt: number
  /** The place in the answer of each frame's word; empty unless the caller listens closely. */
  places: readonly (number | null)[]
}

export interface Spoken {
  fromAt: number
  endAt: number
}

/** The clauses' last frames are filled up, and one may be missing. */
const ANSWER_MS_TOLERANCE = 60
/** An answer that has been silent for so long is over. */
const ANSWER_OVER_MS = 3000

export class Caller {
  readonly number: number
  readonly #figures: LineFigures
  /** Whether the words heard are told apart, which costs time. */
  readonly #isAttentive: boolean
  #line: Line | null = null
  #utterance: UtteranceName | null = null
  #place = 0
  #spokenFromAt = 0
  #spokenEndAt = 0
  #played: Played[] = []
  #playedUntil = 0
  #receivedMs = 0
  #isPaused = true
  #marks: { name: string; at: number }[] = []
  #waiting: { isOver(now: number): boolean; resolve(): void } | null = null
  isGone = false

  constructor(number: number, figures: LineFigures, isAttentive: boolean) {
    this.number = number
    this.#figures = figures
    this.#isAttentive = isAttentive
  }

  async connect(ticket: Ticket): Promise<void> {
    this.#line = await openLine(ticket, {
      onMedia: (from, to, message) => this.#receive(from, to, message),
      onMark: (name) => this.#marks.push({ name, at: Math.max(performance.now(), this.#playedUntil) }),
      onClear: () => this.#drop(),
      onLost: () => {
        if (!this.isGone) this.#figures.socketsLost++
        this.leave()
      },
    })
  }

  /** Every 20 ms. */
  tick(now: number): void {
    this.#line?.sendFrame(this.#nextPayload(now))
    while (this.#marks[0] && this.#marks[0].at <= now) this.#line?.returnMark(this.#marks.shift()?.name ?? '')
    if (this.#waiting?.isOver(now)) this.#stopWaiting()
  }

  leave(): void {
    this.isGone = true
    this.#line?.close()
    this.#line = null
    this.#stopWaiting()
  }

  /** Settles when the time has come. */
  until(at: number): Promise<void> {
    return this.#wait((now) => now >= at)
  }

  async say(name: UtteranceName): Promise<Spoken> {
    this.#utterance = name
    this.#place = 0
    await this.#wait(() => this.#utterance === null)
    return { fromAt: this.#spokenFromAt, endAt: this.#spokenEndAt }
  }

  /** Forgets what was heard: the next audio is an answer's first. */
  expectAnswer(): void {
    this.#played = []
    this.#receivedMs = 0
    this.#isPaused = true
  }

  /** When the answer began, or null when it has not within `withinMs`. */
  async answerBegins(withinMs: number): Promise<number | null> {
    const deadline = performance.now() + withinMs
    await this.#wait((now) => this.#played.length > 0 || now > deadline)
    return this.#played[0]?.fromAt ?? null
  }

  /** Waits for the end of an answer of so many words. */
  async hearOut(words: number): Promise<void> {
    const enoughMs = words * SPOKEN_WORD_MS - ANSWER_MS_TOLERANCE
    await this.#wait((now) => now >= this.#playedUntil + (this.#receivedMs >= enoughMs ? 0 : ANSWER_OVER_MS))
    this.#isPaused = true
  }

  /** When the last audio was over of what began before `at`; null without any. */
  audibleUntil(at: number): number | null {
    const heard = this.#played.filter(({ fromAt, toAt }) => fromAt < at && toAt > fromAt)
    return heard.reduce<number | null>((last, { toAt }) => Math.max(last ?? 0, toAt), null)
  }

  /** Silence within what was heard so far. */
  silentMs(): number {
    const playedMs = this.#played.reduce((sum, { fromAt, toAt }) => sum + toAt - fromAt, 0)
    const first = this.#played[0]
    return first ? (this.audibleUntil(Number.POSITIVE_INFINITY) ?? 0) - first.fromAt - playedMs : 0
  }

  /** How much was heard of each word of the answer, in milliseconds by its place; of what began before `at`. */
  heardMs(at = Number.POSITIVE_INFINITY): number[] {
    const heard: number[] = []
    for (const { fromAt, toAt, places } of this.#played) {
      if (fromAt >= at) break
      for (const [frame, place] of places.entries()) {
        const isHeard = fromAt + (frame + 0.5) * FRAME_MS <= toAt
        if (isHeard && place !== null) heard[place] = (heard[place] ?? 0) + FRAME_MS
      }
    }
    return Array.from(heard, (ms) => ms ?? 0)
  }

  get receivedMs(): number {
    return this.#receivedMs
  }

  #nextPayload(now: number): string {
    const name = this.#utterance
    if (name === null) return SILENCE
    if (this.#place === 0) this.#spokenFromAt = now - FRAME_MS
    const payload = framePayload(this.number, name, this.#place++)
    if (this.#place >= AUDIO[name].tails.length) {
      this.#utterance = null
      this.#spokenEndAt = now
    }
    return payload
  }

  #receive(from: number, to: number, message: Buffer): void {
    const now = performance.now()
    const durationMs = bytesOfBase64(message, from, to) / MULAW_BYTES_PER_MS
    const fromAt = Math.max(now, this.#playedUntil)
    if (!this.#isPaused && now > this.#playedUntil) {
      this.#figures.gaps++
      this.#figures.gapMs += now - this.#playedUntil
    }
    this.#isPaused = false
    this.#receivedMs += durationMs
    this.#playedUntil = fromAt + durationMs
    const places = this.#isAttentive ? readPlaces(message.toString('latin1', from, to)) : []
    // Only an attentive caller asks for more than when the answer began.
    if (this.#isAttentive || this.#played.length === 0)
      this.#played.push({ fromAt, toAt: this.#playedUntil, places })
  }

  #drop(): void {
    const now = performance.now()
    for (const played of this.#played) played.toAt = Math.min(played.toAt, Math.max(played.fromAt, now))
    this.#receivedMs -= Math.max(0, this.#playedUntil - now)
    this.#playedUntil = Math.min(this.#playedUntil, now)
    this.#isPaused = true
    for (const { name } of this.#marks.splice(0)) this.#line?.returnMark(name)
  }

  #wait(isOver: (now: number) => boolean): Promise<void> {
    if (this.isGone) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting = { isOver, resolve }
    })
  }

  #stopWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve()
  }
}

function bytesOfBase64(text: Buffer, from: number, to: number): number {
  const padding = text[to - 2] === EQUALS ? 2 : text[to - 1] === EQUALS ? 1 : 0
  return ((to - from) * 3) / 4 - padding
}

const EQUALS = '='.charCodeAt(0)

function readPlaces(base64: string): (number | null)[] {
  const mulaw = Buffer.from(base64, 'base64')
  const frames = Math.floor(mulaw.length / MULAW_FRAME_BYTES)
  return Array.from({ length: frames }, (_, frame) => readFrame(mulaw, frame * MULAW_FRAME_BYTES))
}
