import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeMulaw, encodeMulaw } from '@phonevoice/audio'
import { type WebSocket, WebSocketServer } from 'ws'
import { createSpeechDecoder, encodeSpeech } from '../../speech/index.ts'

export interface SeenRequest {
  path: string
  method: string
  headers: IncomingMessage['headers']
  params: URLSearchParams
  url: string
}

export interface TestService {
  url: string
  wsUrl: string
  /** Every webhook in order of arrival. */
  requests: SeenRequest[]
  /** Answers of `/twiml…` paths, by path. */
  documents: Map<string, string | (() => { status?: number; type?: string; body: string; delayMs?: number })>
  streams: TestStream[]
  onStream: (stream: TestStream) => void
  callStatuses(): string[]
  close(): Promise<void>
}

export interface TestStream {
  socket: WebSocket
  headers: IncomingMessage['headers']
  url: string
  /** Every message, parsed, with its arrival time. */
  messages: { atMs: number; message: Record<string, unknown> }[]
  words: string[]
  streamSid: string
  /** Speaks; answers its length in milliseconds. */
  say(text: string): number
  send(message: object): void
  ofEvent(event: string): Record<string, unknown>[]
}

/** The service's side of the wire, made for tests: answers webhooks and holds media streams. It knows nothing of the carrier's code. */
export async function createTestService(): Promise<TestService> {
  const requests: SeenRequest[] = []
  const documents: TestService['documents'] = new Map()
  const streams: TestStream[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      const url = new URL(request.url ?? '/', service.url)
      requests.push({
        path: url.pathname,
        method: request.method ?? '',
        headers: request.headers,
        params: request.method === 'GET' ? url.searchParams : new URLSearchParams(body),
        url: url.href,
      })
      const document = documents.get(url.pathname)
      if (document === undefined) {
        response.writeHead(204).end()
        return
      }
      const answer = typeof document === 'string' ? { body: document } : document()
      response.writeHead(answer.status ?? 200, { 'Content-Type': answer.type ?? 'text/xml' }).end(answer.body)
    })
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    const stream = toStream(socket, request)
    streams.push(stream)
    service.onStream(stream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const service: TestService = {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    requests,
    documents,
    streams,
    onStream: () => {},
    callStatuses: () =>
      requests.filter(({ path }) => path === '/status').map(({ params }) => params.get('CallStatus')!),
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return service
}

function toStream(socket: WebSocket, request: IncomingMessage): TestStream {
  const words: string[] = []
  const decoder = createSpeechDecoder({ onWord: ({ text }) => words.push(text) })
  const stream: TestStream = {
    socket,
    headers: request.headers,
    url: request.url ?? '',
    messages: [],
    words,
    streamSid: '',
    say(text) {
      const pcm = encodeSpeech(text, { sampleRateHz: 8000 })
      stream.send({
        event: 'media',
        streamSid: stream.streamSid,
        media: { payload: Buffer.from(encodeMulaw(pcm)).toString('base64') },
      })
      return pcm.length / 8
    },
    send: (message) => socket.send(JSON.stringify(message)),
    ofEvent: (event) =>
      stream.messages.map(({ message }) => message).filter((message) => message.event === event),
  }
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString()) as Record<string, unknown> & { media?: { payload: string } }
    stream.messages.push({ atMs: performance.now(), message })
    if (message.event === 'start') stream.streamSid = String(message.streamSid)
    if (message.media) decoder.push(decodeMulaw(Buffer.from(message.media.payload, 'base64')))
  })
  return stream
}

/** Resolves as soon as `look` gives something; the limit only ends a hopeless wait. */
export async function until<Value>(
  look: () => Value | null | undefined | false,
  limitMs = 15_000,
): Promise<Value> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const value = look()
    if (value) return value
    if (performance.now() > endMs) throw new Error(`Nothing within ${limitMs} ms: ${look}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
