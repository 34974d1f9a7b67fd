import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { ApiError } from '../api-error.ts'
import { type ProviderContext, requireKey, toFaultError } from '../http.ts'
import { serveTranscription } from './socket.ts'

/** One append may have 15 MiB of base64. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** Accepts sockets at `/v1/realtime?intent=transcription`. */
export interface TranscriptionUpgrade {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends all sessions at once. */
  close(): void
}

export function createTranscriptionUpgrade(context: ProviderContext): TranscriptionUpgrade {
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
        check(request, context)
      } catch (error) {
        refuse(socket, error)
        return
      }
      server.handleUpgrade(request, socket, head, (webSocket) =>
        serveTranscription(webSocket, request, context),
      )
    },
    close() {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

function check(request: IncomingMessage, { faults }: ProviderContext): void {
  const url = new URL(request.url ?? '/', 'http://sandbox')
  if (url.pathname !== '/v1/realtime') throw new ApiError(404, `There is no socket at ${url.pathname}.`)
  requireKey(request.headers.authorization)
  if (request.headers['openai-beta']) {
    throw new ApiError(
      400,
      'The beta shapes of the Realtime API are not served; leave the OpenAI-Beta header out.',
    )
  }
  if (url.searchParams.get('intent') !== 'transcription') {
    throw new ApiError(
      400,
      'The sandbox serves transcription sessions only: connect with ?intent=transcription.',
    )
  }
  const fault = faults.take('transcription', { kinds: ['status'], text: '' })
  if (fault) throw toFaultError(fault)
}

function refuse(socket: Duplex, error: unknown): void {
  const answer = error instanceof ApiError ? error : new ApiError(500, 'The sandbox failed.')
  const body = JSON.stringify(answer.body)
  const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Error'}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `${headers.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
