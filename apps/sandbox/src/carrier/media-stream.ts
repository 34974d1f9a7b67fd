import { FRAME_MS } from '@phonevoice/audio'
import type { Timer, Timers } from '@phonevoice/base'
import { WebSocket } from 'ws'
import type { Fault } from './faults.ts'
import type { Line } from './line.ts'
import { signRequest, toSignedStreamUrl, withoutQuery } from './signature.ts'
import {
  CONNECTED_MESSAGE,
  dtmfMessage,
  markMessage,
  mediaMessage,
  readServiceMessage,
  type StreamIds,
  startMessage,
  stopMessage,
} from './stream-messages.ts'
import type { StreamNoun } from './twiml/parse.ts'

const HANDSHAKE_TIMEOUT_MS = 5000
/** After our close frame the socket is cut when the peer has not answered by then. */
const CLOSE_TIMEOUT_MS = 2000
/** Largest message taken: some minutes of audio in one piece. */
const MESSAGE_BYTES_MAX = 8 * 1024 * 1024
/** A peer that does not read loses frames rather than filling memory (31930). */
const BUFFERED_BYTES_MAX = 1024 * 1024
/** Different reasons remembered for ignored messages. */
const WARNINGS_MAX = 50

export interface StreamWarning {
  code: number
  reason: string
  count: number
}

/** What a stream has seen so far; part of a call's report. */
export interface StreamReport {
  stream_sid: string
  url: string
  state: 'connecting' | 'open' | 'ended'
  frames_sent: number
  frames_lost: number
  media_received: number
  audio_received_ms: number
  marks_received: number
  marks_echoed: number
  clears_received: number
  /** Messages that were ignored, and other complaints, as the vendor's debugger would list them. */
  warnings: StreamWarning[]
  close_code: number | null
}

/** How a stream came to its end. */
export type StreamEnd =
  | { kind: 'stopped' }
  | { kind: 'closed-by-peer' }
  | { kind: 'error'; code: number; message: string }

export interface MediaStreamOptions {
  ids: StreamIds
  stream: StreamNoun
  line: Line
  authToken: string
  timers: Timers
  /** `exact`: multiples of 20; `jittered`: a few milliseconds off, as seen on real streams. */
  timestamps: 'exact' | 'jittered'
  fault: Extract<Fault, { on: 'stream' }> | null
  onStarted: () => void
}

/**
 * The carrier's end of one bidirectional media stream. States: connecting, open, ended. It ends when the peer closes, when `stop` is called
 * (the call ended or was redirected: a `stop` message, then the socket closes), or with an error; `ended` settles once.
 */
export class MediaStream {
  readonly report: StreamReport
  readonly ended: Promise<StreamEnd>
  readonly #options: MediaStreamOptions
  readonly #socket: WebSocket
  #settle: (end: StreamEnd) => void = () => {}
  #sequence = 0
  #chunk = 0
  #ticks = 0
  #stopListening: () => void = () => {}
  #closeTimer: Timer | null = null
  #faultTimer: Timer | null = null
  #failure: StreamEnd | null = null

  constructor(options: MediaStreamOptions) {
    this.#options = options
    const { ids, stream } = options
    const url = withoutQuery(stream.url)
    this.report = {
      stream_sid: ids.streamSid,
      url,
      state: 'connecting',
      frames_sent: 0,
      frames_lost: 0,
      media_received: 0,
      audio_received_ms: 0,
      marks_received: 0,
      marks_echoed: 0,
      clears_received: 0,
      warnings: [],
      close_code: null,
    }
    if (url !== stream.url) this.#warn(31920, 'the query of a stream URL is not sent; use Parameter')
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#socket = new WebSocket(url, {
      headers: { 'X-Twilio-Signature': signRequest(options.authToken, toSignedStreamUrl(url)) },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
      maxPayload: MESSAGE_BYTES_MAX,
      followRedirects: false,
    })
    this.#socket.on('open', () => this.#open())
    this.#socket.on('message', (data, isBinary) => this.#receive(data.toString(), isBinary))
    this.#socket.on('unexpected-response', (request, response) => {
      this.#failure = {
        kind: 'error',
        code: 31920,
        message: `Stream - WebSocket - Handshake Error: HTTP ${response.statusCode}`,
      }
      request.destroy()
      this.#end(this.#failure)
    })
    this.#socket.on('error', (error) => {
      this.#failure ??= toFailure(error)
    })
    this.#socket.on('close', (code) => this.#closed(code))
  }

  /** The call ended or moved on: says `stop` and closes. Safe in any state. */
  stop(): void {
    if (this.report.state === 'ended') return
    if (this.report.state === 'open') {
      this.#send(stopMessage(this.#options.ids, ++this.#sequence))
      this.#closeTimer = this.#options.timers.after(CLOSE_TIMEOUT_MS, () => this.#socket.terminate())
      this.#socket.close(1000)
    } else {
      this.#socket.terminate()
    }
    this.#end({ kind: 'stopped' })
  }

  #open(): void {
    if (this.report.state !== 'connecting') return
    const { ids, stream, line, fault, timers } = this.#options
    this.report.state = 'open'
    this.#send(CONNECTED_MESSAGE)
    this.#send(startMessage(ids, ++this.#sequence, stream.parameters))
    this.#stopListening = line.listen({
      onFrame: (frame) => this.#sendFrame(frame),
      onDigit: (digit) => this.#send(dtmfMessage(ids, ++this.#sequence, digit)),
    })
    if (fault?.kind === 'reset')
      this.#faultTimer = timers.after(fault.after_ms, () => this.#socket.terminate())
    this.#options.onStarted()
  }

  /** Presentation time goes on when a frame is left out: the timestamp shows the gap. */
  #sendFrame(frame: Uint8Array | null): void {
    const { ids, fault, timestamps } = this.#options
    this.#ticks++
    if (fault?.kind === 'lose-frames' && this.#ticks % fault.every === 0) {
      this.report.frames_lost++
      return
    }
    if (this.#socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      this.report.frames_lost++
      this.#warn(31930, 'the stream is congested, inbound audio is dropped')
      return
    }
    this.#chunk++
    const timestampMs = toTimestampMs(this.#ticks, timestamps)
    this.#send(mediaMessage(ids, ++this.#sequence, { chunk: this.#chunk, timestampMs, frame }))
    this.report.frames_sent++
  }

  #send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text)
  }

  #receive(text: string, isBinary: boolean): void {
    if (this.report.state !== 'open') return
    if (isBinary) {
      this.#warn(31950, 'a binary message cannot be decoded')
      return
    }
    const { ids, line } = this.#options
    const message = readServiceMessage(text, ids.streamSid)
    switch (message.event) {
      case 'media':
        this.report.media_received++
        this.report.audio_received_ms += message.mulaw.length / 8
        if (!line.playout.enqueue(message.mulaw))
          this.#warn(31931, 'about ten minutes of audio are waiting, more is discarded')
        return
      case 'mark':
        this.report.marks_received++
        if (!line.playout.mark(() => this.#echo(message.name)))
          this.#warn(31951, 'too many marks are waiting')
        return
      case 'clear':
        this.report.clears_received++
        line.playout.clear()
        return
      case 'bad':
        this.#warn(message.code, message.reason)
        return
      default:
        message satisfies never
    }
  }

  #echo(name: string): void {
    if (this.report.state !== 'open') return
    this.report.marks_echoed++
    this.#send(markMessage(this.#options.ids, ++this.#sequence, name))
  }

  #closed(code: number): void {
    this.#closeTimer?.cancel()
    this.report.close_code = code
    const isOrderly = code === 1000 || code === 1001 || code === 1005
    this.#end(
      this.#failure ??
        (isOrderly
          ? { kind: 'closed-by-peer' }
          : {
              kind: 'error',
              code: code === 1006 ? 31903 : 31921,
              message: `Stream - Connection - closed with code ${code}`,
            }),
    )
  }

  #end(end: StreamEnd): void {
    if (this.report.state === 'ended') return
    this.report.state = 'ended'
    this.#stopListening()
    this.#faultTimer?.cancel()
    // What was still waiting belongs to a stream that is gone.
    this.#options.line.playout.drop()
    this.#settle(end)
  }

  #warn(code: number, reason: string): void {
    const { warnings } = this.report
    const known = warnings.find((warning) => warning.code === code && warning.reason === reason)
    if (known) known.count++
    else if (warnings.length < WARNINGS_MAX) warnings.push({ code, reason, count: 1 })
  }
}

/** `media.timestamp` of the frame sent at the nth tick. Real streams show 21, not 20, for the first one, and wander by some milliseconds. */
export function toTimestampMs(tick: number, form: 'exact' | 'jittered'): number {
  const exact = tick * FRAME_MS
  return form === 'exact' ? exact : exact + 1 + (((tick - 1) * 7) % 4)
}

function toFailure(error: Error): StreamEnd {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED') return { kind: 'error', code: 31902, message: 'Stream - Connection - Refused' }
  if (code === 'ENOTFOUND' || code === 'EHOSTUNREACH')
    return { kind: 'error', code: 31904, message: 'Stream - Connection - Host unreachable' }
  if (/timed out/i.test(error.message))
    return { kind: 'error', code: 31901, message: 'Stream - Connection - Timeout' }
  if (code.startsWith('WS_ERR'))
    return { kind: 'error', code: 31924, message: 'Stream - WebSocket - Protocol error' }
  return { kind: 'error', code: 31903, message: `Stream - Connection - ${code || error.message}` }
}
