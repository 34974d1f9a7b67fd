/**
 * A recogniser for the adapter's tests, speaking OpenAI's realtime transcription protocol on loopback. It hears what `sound` makes: a character per 20 ms of
 * equal bytes. Written from the vendor's document; tests steer what it does and when.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface VendorSession {
  url: string
  headers: IncomingHttpHeaders
  events: Record<string, unknown>[]
  /** μ-law appended since the last commit. */
  heard: number[]
  isClosed: boolean
  send(event: object): void
  /** Cuts the connection without a closing handshake. */
  cut(): void
}

export interface TranscriptionServer {
  origin: string
  sessions: VendorSession[]
  /** Statuses with which the next handshakes are refused; 0 accepts. */
  refusals: number[]
  behaviour: Behaviour
  /** Answers a commit as the vendor does. */
  transcribe(session: VendorSession, vendorItemId: string, text: string): void
  close(): Promise<void>
}

export interface Behaviour {
  /** Never answers a handshake. */
  isDeaf: boolean
  autoPong: boolean
  /** What happens on session.update. Default: session.updated. */
  onUpdate(session: VendorSession, event: Record<string, unknown>): void
  /** What happens on a commit. Default: committed, a delta per word, completed. */
  onCommit(session: VendorSession, vendorItemId: string, text: string, event: Record<string, unknown>): void
}

/** μ-law in which the server hears the text; 20 ms a character. */
export function sound(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((character) => Array<number>(160).fill(character.charCodeAt(0))))
}

export function hear(mulaw: readonly number[]): string {
  let text = ''
  for (let at = 0; at < mulaw.length; at += 160) {
    if (mulaw[at] !== 0xff) text += String.fromCharCode(mulaw[at] as number)
  }
  return text
}

export async function startTranscriptionServer(): Promise<TranscriptionServer> {
  const http = createServer()
  const sockets = new Set<Socket>()
  const sessions: VendorSession[] = []
  const refusals: number[] = []
  let items = 0
  const transcribe: TranscriptionServer['transcribe'] = (session, item_id, text) => {
    const type = 'conversation.item.input_audio_transcription'
    for (const delta of text.match(/\S+\s*/g) ?? [])
      session.send({ type: `${type}.delta`, item_id, content_index: 0, delta })
    session.send({
      type: `${type}.completed`,
      item_id,
      content_index: 0,
      transcript: text,
      usage: { type: 'duration', seconds: 1 },
    })
  }
  const behaviour: Behaviour = {
    isDeaf: false,
    autoPong: true,
    onUpdate: (session) => session.send({ type: 'session.updated', session: {} }),
    onCommit(session, vendorItemId, text) {
      session.send({ type: 'input_audio_buffer.committed', item_id: vendorItemId, previous_item_id: null })
      transcribe(session, vendorItemId, text)
    },
  }
  const websockets = new WebSocketServer({ noServer: true, autoPong: false })

  function serve(socket: WebSocket, url: string, headers: IncomingHttpHeaders): void {
    const session: VendorSession = {
      url,
      headers,
      events: [],
      heard: [],
      isClosed: false,
      send: (event) => socket.send(JSON.stringify({ event_id: 'e', ...event })),
      cut: () => socket.terminate(),
    }
    sessions.push(session)
    session.send({ type: 'session.created', session: {} })
    socket.on('ping', () => {
      if (behaviour.autoPong) socket.pong()
    })
    socket.on('close', () => {
      session.isClosed = true
    })
    socket.on('message', (data) => {
      const event = JSON.parse(data.toString()) as Record<string, unknown>
      session.events.push(event)
      if (event.type === 'session.update') behaviour.onUpdate(session, event)
      if (event.type === 'input_audio_buffer.append')
        session.heard.push(...Buffer.from(String(event.audio), 'base64'))
      if (event.type === 'input_audio_buffer.commit') {
        const heard = session.heard
        session.heard = []
        if (heard.length < 800) {
          const error = {
            type: 'invalid_request_error',
            code: 'input_audio_buffer_commit_empty',
            message: 'too small',
            event_id: event.event_id,
          }
          session.send({ type: 'error', error })
        } else behaviour.onCommit(session, `item_${++items}`, hear(heard), event)
      }
    })
  }

  http.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  http.on('upgrade', (request, socket, head) => {
    if (behaviour.isDeaf) return
    const refusal = refusals.shift() ?? 0
    if (refusal > 0) {
      socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      return
    }
    websockets.handleUpgrade(request, socket, head, (websocket) =>
      serve(websocket, request.url ?? '', request.headers),
    )
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    sessions,
    refusals,
    behaviour,
    transcribe,
    async close() {
      for (const socket of sockets) socket.destroy()
      websockets.close()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
