import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { ApiError } from '../api-error.ts'
import type { ProviderContext } from '../http.ts'
import { VendorError } from '../vendor-error.ts'

/** One append of the Realtime API may have 15 MiB of base64. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** One vendor's endpoint for WebSockets. */
export interface SocketEndpoint {
  path: string
  /** Looks at the handshake before it is answered; throws a `VendorError` to refuse it. What it returns goes on to serve the socket. */
  accept(request: IncomingMessage, url: URL, context: ProviderContext): (socket: WebSocket) => void
}

export interface SocketUpgrade {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends all sockets at once. */
  close(): void
}

/** Accepts WebSockets for all simulated vendors, by path. */
export function createSocketUpgrade(
  context: ProviderContext,
  endpoints: readonly SocketEndpoint[],
): SocketUpgrade {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  })
  return {
    handle(request, socket, head) {
      socket.on('error', (error) =>
        context.log.debug('A connection failed while it was upgraded.', { error }),
      )
      try {
        const url = new URL(request.url ?? '/', 'http://sandbox')
        const endpoint = endpoints.find(({ path }) => path === url.pathname)
        if (!endpoint) throw new ApiError(404, `There is no socket at ${url.pathname}.`)
        const serve = endpoint.accept(request, url, context)
        server.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket))
      } catch (error) {
        refuse(socket, error)
      }
    },
    close() {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

function refuse(socket: Duplex, error: unknown): void {
  const answer = error instanceof VendorError ? error : new ApiError(500, 'The sandbox failed.')
  const body = JSON.stringify(answer.body)
  const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Error'}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `${headers.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
