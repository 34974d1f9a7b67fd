/** A WebSocket vendor on loopback for the adapters' tests, without a mind of its own: each test says what it sends, and when. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface ServedSocket {
  url: URL
  headers: IncomingHttpHeaders
  /** Text frames received, parsed. */
  events: Record<string, unknown>[]
  audioBytes: number
  isClosed: boolean
  send(event: object): void
  close(code: number, reason?: string): void
  /** Cuts the connection without a closing handshake. */
  cut(): void
}

export interface SocketServer {
  origin: string
  sockets: ServedSocket[]
  /** Called for each socket; by default nothing is said. */
  onOpen: (socket: ServedSocket) => void
  /** Called for each text frame. */
  onEvent: (socket: ServedSocket, event: Record<string, unknown>) => void
  close(): Promise<void>
}

export async function startSocketServer(): Promise<SocketServer> {
  const http = createServer()
  const websockets = new WebSocketServer({ server: http })
  const server: SocketServer = {
    origin: '',
    sockets: [],
    onOpen: () => {},
    onEvent: () => {},
    async close() {
      for (const client of websockets.clients) client.terminate()
      websockets.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  websockets.on('connection', (socket: WebSocket, request) => {
    const served: ServedSocket = {
      url: new URL(request.url ?? '/', 'http://vendor'),
      headers: request.headers,
      events: [],
      audioBytes: 0,
      isClosed: false,
      send: (event) => socket.send(JSON.stringify(event)),
      close: (code, reason) => socket.close(code, reason),
      cut: () => socket.terminate(),
    }
    server.sockets.push(served)
    socket.on('close', () => {
      served.isClosed = true
    })
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        served.audioBytes += data.length
        return
      }
      const event = JSON.parse(data.toString()) as Record<string, unknown>
      served.events.push(event)
      server.onEvent(served, event)
    })
    server.onOpen(served)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  server.origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return server
}
