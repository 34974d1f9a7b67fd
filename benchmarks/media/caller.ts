/**
 * One phone call as the carrier's end of a media stream: sends a frame every 20 ms, whatever happens; plays what comes, in real time, and returns marks
 * when they have been played. The person says a sentence, waits for the answer, hears it to its end, and says it again.
 */
import { WebSocket } from 'ws'
import { ANSWER_WORDS, SPOKEN_WORD_MS } from './script.ts'

/** What lets a caller in. */
export interface Ticket {
  url: string
  token: string
  signature: string
  accountSid: string
  carrierCallId: string
}

/** Filled by all callers of a run. */
export interface CallerFigures {
  /** End of the caller's speech to the first frame of the answer, milliseconds. */
  voiceToVoiceMs: number[]
  answers: number
  /** No answer came in time. */
  unanswered: number
  /** Moments within an answer when there was nothing left to play. */
  gaps: number
  gapMs: number
  framesSent: number
  messagesReceived: number
  socketsLost: number
}

/** Base64 of each 20 ms of what the caller sends. */
export interface CallerAudio {
  silence: string
  speech: readonly string[]
}

const FRAME_MS = 20
const ANSWER_MS = ANSWER_WORDS * SPOKEN_WORD_MS
/** The clauses' last frames are filled up, and one may be missing. */
const ANSWER_MS_TOLERANCE = 60
const ANSWER_DEADLINE_MS = 10_000

export class Caller {
  readonly #ticket: Ticket
  readonly #audio: CallerAudio
  readonly #figures: CallerFigures
  readonly #streamSid: string
  #socket: WebSocket | null = null
  #frames = 0
  #nextFrameAt = 0
  #state: 'pausing' | 'speaking' | 'waiting' | 'hearing' = 'pausing'
  #stateUntil = 0
  #speechFrame = 0
  #speechEndedAt = 0
  #receivedMs = 0
  #playedUntil = 0
  #marks: { name: string; at: number }[] = []
  #turns = 0
  #isLeaving = false

  constructor(ticket: Ticket, audio: CallerAudio, figures: CallerFigures) {
    this.#ticket = ticket
    this.#audio = audio
    this.#figures = figures
    this.#streamSid = `MZ${ticket.carrierCallId.slice(2)}`
  }

  /** Opens the stream as the carrier does. `firstFrameAt` spreads callers over the 20 ms, `speakAfterMs` over the turn. */
  async connect(firstFrameInMs: number, speakAfterMs: number): Promise<void> {
    const { url, signature, token, accountSid, carrierCallId } = this.#ticket
    const socket = new WebSocket(url, {
      headers: { 'x-twilio-signature': signature },
      perMessageDeflate: false,
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    socket.on('message', (data: Buffer) => this.#receive(data))
    socket.on('error', () => {})
    socket.on('close', () => {
      if (!this.#isLeaving) this.#figures.socketsLost++
      this.#socket = null
    })
    const streamSid = this.#streamSid
    socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
    socket.send(
      JSON.stringify({
        event: 'start',
        sequenceNumber: '1',
        start: {
          accountSid,
          streamSid,
          callSid: carrierCallId,
          tracks: ['inbound'],
          mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
          customParameters: { token },
        },
        streamSid,
      }),
    )
    this.#socket = socket
    const now = performance.now()
    this.#nextFrameAt = now + firstFrameInMs
    this.#stateUntil = now + speakAfterMs
  }

  /** Does what is due; called every few milliseconds. */
  tick(now: number): void {
    while (now >= this.#nextFrameAt) this.#sendFrame()
    while (this.#marks[0] && this.#marks[0].at <= now) this.#returnMark(this.#marks.shift()?.name ?? '')
    if (this.#state === 'waiting' && now - this.#speechEndedAt > ANSWER_DEADLINE_MS) {
      this.#figures.unanswered++
      this.#pause(now)
    }
    if (this.#state === 'hearing' && now >= this.#playedUntil) {
      const isComplete = this.#receivedMs >= ANSWER_MS - ANSWER_MS_TOLERANCE
      if (isComplete || now - this.#playedUntil > ANSWER_DEADLINE_MS) this.#pause(now)
    }
  }

  leave(): void {
    this.#isLeaving = true
    this.#socket?.send(`{"event":"stop","sequenceNumber":"0","stop":{},"streamSid":"${this.#streamSid}"}`)
    this.#socket?.close()
  }

  #sendFrame(): void {
    const payload = this.#nextPayload()
    const chunk = ++this.#frames
    const timestamp = (chunk - 1) * FRAME_MS
    this.#nextFrameAt += FRAME_MS
    this.#figures.framesSent++
    this.#socket?.send(
      `{"event":"media","sequenceNumber":"${chunk + 1}","media":{"track":"inbound","chunk":"${chunk}","timestamp":"${timestamp}","payload":"${payload}"},"streamSid":"${this.#streamSid}"}`,
    )
  }

  #nextPayload(): string {
    if (this.#state === 'pausing' && this.#nextFrameAt >= this.#stateUntil) {
      this.#state = 'speaking'
      this.#speechFrame = 0
    }
    if (this.#state !== 'speaking') return this.#audio.silence
    const payload = this.#audio.speech[this.#speechFrame++] ?? this.#audio.silence
    if (this.#speechFrame >= this.#audio.speech.length) {
      this.#state = 'waiting'
      this.#speechEndedAt = performance.now()
      this.#receivedMs = 0
    }
    return payload
  }

  #receive(data: Buffer): void {
    this.#figures.messagesReceived++
    const text = data.toString('latin1')
    const now = performance.now()
    if (text.startsWith('{"event":"media"')) {
      const from = text.indexOf('"payload":"') + 11
      this.#play(now, ((text.indexOf('"', from) - from) * 3) / 4 / 8)
    } else if (text.startsWith('{"event":"mark"')) {
      const { mark } = JSON.parse(text) as { mark: { name: string } }
      this.#marks.push({ name: mark.name, at: Math.max(now, this.#playedUntil) })
    } else if (text.startsWith('{"event":"clear"')) {
      this.#playedUntil = now
      for (const { name } of this.#marks.splice(0)) this.#returnMark(name)
    }
  }

  #play(now: number, durationMs: number): void {
    if (this.#state === 'waiting') {
      this.#figures.voiceToVoiceMs.push(now - this.#speechEndedAt)
      this.#state = 'hearing'
    } else if (this.#state === 'hearing' && now > this.#playedUntil) {
      this.#figures.gaps++
      this.#figures.gapMs += now - this.#playedUntil
    }
    this.#receivedMs += durationMs
    this.#playedUntil = Math.max(now, this.#playedUntil) + durationMs
  }

  #pause(now: number): void {
    this.#figures.answers++
    this.#turns++
    this.#state = 'pausing'
    // Between 0.4 and 1.2 s, different for each call and turn, the same in every run.
    const seed = Number.parseInt(this.#ticket.carrierCallId.slice(-4), 16)
    this.#stateUntil = now + 400 + ((seed + this.#turns * 7919) % 800)
  }

  #returnMark(name: string): void {
    this.#socket?.send(
      `{"event":"mark","sequenceNumber":"0","streamSid":"${this.#streamSid}","mark":{"name":${JSON.stringify(name)}}}`,
    )
  }
}
