/**
 * One WebSocket to a vendor, from handshake to end, with what every such socket needs: a deadline until it is usable, pings that find a dead connection, a
 * limit on what waits to be sent, a closing handshake that cannot hang. `onLost` comes once, and never after `close()`.
 *
 *   connecting ── handshake: onOpen ──► configuring ── markReady() ──► ready ──► over
 */
import type { OutsideCategory, Timers } from '@phonevoice/base'
import { type RawData, WebSocket } from 'ws'
import { categorize } from './http-errors.ts'

export interface LostReason {
  category: OutsideCategory
  message: string
}

export interface VendorSocketOptions {
  url: string
  headers: Readonly<Record<string, string>>
  clock: Timers
  /** From the beginning to `markReady`. */
  connectTimeoutMs: number
  /** Distance of pings; a connection that leaves one unanswered until the next is given up. */
  pingIntervalMs: number
  /** Completes sentences such as "The ‹peer› closed the connection." */
  peer: string
  onOpen(): void
  onText(text: string): void
  onLost(reason: LostReason): void
  /** What a close code of this vendor means; null or absent: the connection is gone, a new one may work. */
  reasonOfClose?(code: number, text: string): LostReason | null
}

export interface VendorSocket {
  readonly phase: 'connecting' | 'configuring' | 'ready' | 'over'
  /** The vendor has accepted us: the deadline is met. */
  markReady(): void
  send(frame: string | Uint8Array): void
  /** Gives the connection up for a reason of the caller's. */
  lose(category: OutsideCategory, message: string): void
  /** Ends it in peace, after a last frame where the vendor wants one. Harmless when repeated. */
  close(lastFrame?: string): void
}

/** About a minute of audio; a socket that takes in so little is dead. */
const BUFFERED_BYTES_MAX = 1_000_000
const FRAME_BYTES_MAX = 1_000_000
/** A closing handshake that is not answered must not keep the socket. */
const CLOSE_TIMEOUT_MS = 2000

export function openVendorSocket(options: VendorSocketOptions): VendorSocket {
  const { clock, peer } = options
  let phase: VendorSocket['phase'] = 'connecting'
  let hasAnsweredPing = true

  const socket = new WebSocket(options.url, {
    headers: options.headers,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
  })
  const deadline = clock.after(options.connectTimeoutMs, () =>
    lose('timeout', `The ${peer} did not answer in time.`),
  )
  const pings = clock.every(options.pingIntervalMs, () => {
    if (phase !== 'ready') return
    if (!hasAnsweredPing) lose('connectivity', `The connection to the ${peer} is dead.`)
    else {
      hasAnsweredPing = false
      socket.ping()
    }
  })

  socket.on('open', () => {
    if (phase !== 'connecting') return
    phase = 'configuring'
    options.onOpen()
  })
  socket.on('pong', () => {
    hasAnsweredPing = true
  })
  socket.on('message', (data: RawData, isBinary: boolean) => {
    hasAnsweredPing = true
    if (phase !== 'over' && !isBinary) options.onText(data.toString())
  })
  socket.on('unexpected-response', (request, response) => {
    const status = response.statusCode ?? 0
    lose(categorize(status, null), `The ${peer} refused the connection with HTTP ${status}.`)
    response.resume()
    request.destroy()
  })
  socket.on('error', () => lose('connectivity', `The ${peer} could not be reached.`))
  socket.on('close', (code, text) => {
    const reason = options.reasonOfClose?.(code, text.toString()) ?? null
    lose(reason?.category ?? 'connectivity', reason?.message ?? `The ${peer} closed the connection.`)
  })

  function lose(category: OutsideCategory, message: string): void {
    if (phase === 'over') return
    end()
    socket.terminate()
    options.onLost({ category, message })
  }

  function end(): void {
    phase = 'over'
    deadline.cancel()
    pings.cancel()
  }

  return {
    get phase() {
      return phase
    },
    markReady() {
      if (phase !== 'configuring') return
      phase = 'ready'
      deadline.cancel()
    },
    send(frame) {
      if (socket.readyState !== WebSocket.OPEN) return
      if (socket.bufferedAmount > BUFFERED_BYTES_MAX)
        lose('connectivity', `The ${peer} no longer takes in what it is sent.`)
      else socket.send(frame)
    },
    lose,
    close(lastFrame) {
      if (phase === 'over') return
      end()
      closeSocket(socket, clock, lastFrame)
    },
  }
}

function closeSocket(socket: WebSocket, clock: Timers, lastFrame: string | undefined): void {
  if (socket.readyState !== WebSocket.OPEN) {
    socket.terminate()
    return
  }
  if (lastFrame !== undefined) socket.send(lastFrame)
  socket.close(1000)
  const timer = clock.after(CLOSE_TIMEOUT_MS, () => socket.terminate())
  socket.once('close', () => timer.cancel())
}

/** `wss://…` for `https://…`, `ws://…` for `http://…`, with a path appended. Plain connections are for servers on the same machine or network. */
export function socketUrl(baseUrl: string, path: string): URL {
  const url = new URL(baseUrl)
  url.protocol = url.protocol === 'http:' || url.protocol === 'ws:' ? 'ws:' : 'wss:'
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`
  return url
}
