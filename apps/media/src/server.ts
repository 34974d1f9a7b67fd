/**
 * The carrier's door: one WebSocket per live call at `/media/<node>`. A socket proves itself with the one-time token in its `start` message and the
 * signature of its handshake; until then it costs a timer and a few frames of buffer, and there are never more than `PENDING_MAX` of those.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Log, Timers } from '@phonevoice/base'
import { createMediaStreamWriter, MediaStreamError, parseMediaStreamMessage } from '@phonevoice/carriers'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { joinWrites } from './pipeline/one-write.ts'
import type { CarrierSink } from './pipeline/outbound.ts'
import type { Session } from './session.ts'

/** What a socket says of itself before anything is believed. */
export interface StreamClaim {
  token: string
  carrierCallId: string
  carrierStreamId: string
  /** The handshake's `X-Twilio-Signature`. */
  signature: string
  path: string
}

export interface MediaServerOptions {
  nodeId: string
  /** Checks the claim and starts the session; null: refused. */
  openSession(claim: StreamClaim, sink: CarrierSink & { close(): void }): Promise<Session | null>
  isReady(): boolean
  callsMax: number
  log: Log
  timers: Timers
}

export interface MediaServer {
  listen(port: number, host?: string): Promise<number>
  readonly activeCalls: number
  /** Hands every live call over: the carrier is led to another stream. */
  closeCalls(): Promise<void>
  close(): Promise<void>
}

const START_DEADLINE_MS = 5000
const PENDING_MAX = 200
/** About five seconds of audio that arrives while the token is checked. */
const EARLY_MESSAGES_MAX = 250
const BUFFERED_BYTES_MAX = 512 * 1024
/** The carrier sends fifty frames a second, always; this long without one means the line is dead. */
const SILENT_SOCKET_MS = 10_000
const BAD_MESSAGES_MAX = 50
const POLICY_VIOLATION = 1008

export function createMediaServer(options: MediaServerOptions): MediaServer {
  const { log, timers } = options
  const sessions = new Set<Session>()
  const sockets = new Set<WebSocket>()
  let pending = 0
  const http: Server = createServer((request, response) => {
    const isHealthy = request.url === '/healthz' || (request.url === '/readyz' && options.isReady())
    response.writeHead(isHealthy ? 200 : request.url === '/readyz' ? 503 : 404, {
      'content-type': 'text/plain',
    })
    response.end(isHealthy ? 'ok\n' : 'no\n')
  })
  const upgrader = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 64 * 1024,
    clientTracking: false,
    // Base64 and numbers, fifty times a second: what is not UTF-8 is not understood either.
    skipUTF8Validation: true,
  })

  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const path = `/media/${options.nodeId}`
    // Exactly what the carrier was given: it was given no query.
    if (request.url !== path) return refuse(socket, '404 Not Found')
    const signature = headerOf(request, 'x-twilio-signature')
    if (signature === null) return refuse(socket, '403 Forbidden')
    if (pending >= PENDING_MAX || sessions.size >= options.callsMax)
      return refuse(socket, '503 Service Unavailable')
    upgrader.handleUpgrade(request, socket, head, (ws) => accept(ws, socket, { signature, path }))
  })

  function accept(ws: WebSocket, socket: Duplex, handshake: Pick<StreamClaim, 'signature' | 'path'>): void {
    let session: Session | null = null
    let state: 'waiting' | 'opening' | 'open' | 'closed' = 'waiting'
    let early: RawData[] = []
    let badMessages = 0
    let lastMessageAt = timers.now()
    pending++
    sockets.add(ws)
    const startDeadline = timers.after(START_DEADLINE_MS, () => reject('no start message'))
    const watchdog = timers.every(SILENT_SOCKET_MS / 2, () => {
      if (timers.now() - lastMessageAt > SILENT_SOCKET_MS) {
        log.warn('a media socket went silent', {})
        ws.terminate()
      }
    })

    function leavePending(): void {
      if (state === 'waiting' || state === 'opening') pending--
      startDeadline.cancel()
    }
    function reject(reason: string): void {
      if (state === 'closed') return
      log.warn('a media socket was refused', { reason })
      leavePending()
      state = 'closed'
      ws.close(POLICY_VIOLATION)
      timers.after(1000, () => ws.terminate())
    }

    async function start(data: RawData): Promise<void> {
      const message = parseMediaStreamMessage(textOf(data))
      if (message.kind === 'connected') return
      if (message.kind !== 'start') return reject('the first message was not start')
      state = 'opening'
      startDeadline.cancel()
      const writer = createMediaStreamWriter(message.carrierStreamId)
      const holdWrites = joinWrites(socket)
      const send = (text: string): void => {
        if (ws.readyState !== ws.OPEN) return
        if (ws.bufferedAmount > BUFFERED_BYTES_MAX) {
          log.warn('a media socket does not take its audio', { bufferedBytes: ws.bufferedAmount })
          ws.terminate()
          return
        }
        holdWrites()
        ws.send(text)
      }
      const claim = {
        token: message.parameters.token ?? '',
        carrierCallId: message.carrierCallId,
        carrierStreamId: message.carrierStreamId,
        ...handshake,
      }
      const opened = await options.openSession(claim, {
        sendMedia: (mulaw) => send(writer.media(mulaw)),
        sendMark: (name) => send(writer.mark(name)),
        sendClear: () => send(writer.clear()),
        close: () => ws.close(1000),
      })
      if (!opened) return reject('the token or the signature is not valid')
      if (ws.readyState !== ws.OPEN) {
        opened.carrierStopped()
        return
      }
      leavePending()
      state = 'open'
      session = opened
      sessions.add(opened)
      void opened.closed.then(() => sessions.delete(opened))
      for (const waiting of early) deliver(opened, waiting)
      early = []
    }

    ws.on('message', (data, isBinary) => {
      lastMessageAt = timers.now()
      if (isBinary) return
      try {
        if (session) deliver(session, data)
        else if (state === 'opening') {
          if (early.length < EARLY_MESSAGES_MAX) early.push(data)
        } else if (state === 'waiting') {
          start(data).catch((error: unknown) => {
            log.error('a call could not be opened', { error })
            reject('the call could not be opened')
          })
        }
      } catch (error) {
        if (!(error instanceof MediaStreamError)) log.error('a media message could not be handled', { error })
        if (++badMessages > BAD_MESSAGES_MAX) ws.terminate()
      }
    })
    ws.on('error', (error) => log.debug('a media socket failed', { error }))
    ws.on('close', () => {
      leavePending()
      state = 'closed'
      watchdog.cancel()
      sockets.delete(ws)
      session?.carrierStopped()
    })
  }

  return {
    async listen(port, host = '0.0.0.0') {
      await new Promise<void>((resolve, reject) => {
        http.once('error', reject)
        http.listen(port, host, resolve)
      })
      return (http.address() as AddressInfo).port
    },
    get activeCalls() {
      return sessions.size
    },
    async closeCalls() {
      const closing = [...sessions].map((session) => {
        session.carrierStopped()
        return session.closed
      })
      await Promise.all(closing)
    },
    async close() {
      await this.closeCalls()
      for (const ws of sockets) ws.terminate()
      await new Promise<void>((resolve) => http.close(() => resolve()))
      http.closeAllConnections()
    },
  }
}

function deliver(session: Session, data: RawData): void {
  const message = parseMediaStreamMessage(textOf(data))
  switch (message.kind) {
    case 'media':
      if (message.isInbound) session.hear(message.timestampMs, message.payload)
      return
    case 'mark':
      session.markReturned(message.name)
      return
    case 'dtmf':
      session.keyPressed(message.digit)
      return
    case 'stop':
      session.carrierStopped()
      return
    default:
      return
  }
}

/** `ws` hands text over as one Buffer unless told otherwise. */
function textOf(data: RawData): Buffer {
  return data as Buffer
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name]
  return typeof value === 'string' ? value : null
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
