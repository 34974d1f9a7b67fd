import { WebSocket } from 'ws'

// biome-ignore lint/suspicious/noExplicitAny: tests read events as a client's script would.
export type JsonEvent = Record<string, any>

/** A client that collects what a simulated vendor says. */
export interface JsonSocket {
  events: JsonEvent[]
  send(message: object | Uint8Array): void
  /** The next event, past or future, that fits and was not returned before. */
  next(fits: (event: JsonEvent) => boolean): Promise<JsonEvent>
  /** The close code. */
  closed: Promise<number>
  close(): void
}

const WAIT_MS = 5000

export async function openJsonSocket(url: string, headers: Record<string, string>): Promise<JsonSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers })
  const events: JsonEvent[] = []
  const returned = new Set<JsonEvent>()
  let look = (): void => {}
  socket.on('message', (data) => {
    events.push(JSON.parse(data.toString()) as JsonEvent)
    look()
  })
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  return {
    events,
    closed,
    send: (message) => socket.send(message instanceof Uint8Array ? message : JSON.stringify(message)),
    close: () => socket.close(),
    next: (fits) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`Nothing fits in ${JSON.stringify(events).slice(0, 2000)}`)),
          WAIT_MS,
        )
        look = () => {
          const found = events.find((event) => !returned.has(event) && fits(event))
          if (!found) return
          returned.add(found)
          clearTimeout(timer)
          resolve(found)
        }
        look()
      }),
  }
}

/** The status with which a handshake is refused. */
export async function refusalOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers })
  return new Promise((resolve, reject) => {
    socket.on('error', () => {})
    socket.on('open', () => reject(new Error('It was not refused.')))
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode)
      socket.terminate()
    })
  })
}
