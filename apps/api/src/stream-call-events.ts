import type { Timers } from '@phonevoice/base'
import { renderEvent, type StoredEvent } from '@phonevoice/contracts'

export interface CallEventStreamOptions {
  /** Events with a higher sequence, in order. */
  read(afterSequence: number, limit: number): Promise<StoredEvent[]>
  /** Calls back when there may be new events, until the returned function is called. */
  watch(onNews: () => void): () => void
  afterSequence: number
  timers: Timers
  /** The reader has gone, or the server is closing. */
  signal: AbortSignal
  /** Called exactly once, when nothing more will be read. */
  onEnd(): void
}

/** News can be lost on the way; the log is looked at this often in any case. */
const POLL_MS = 2000
/** Proxies close connections on which nothing moves for a minute or less. */
const HEARTBEAT_MS = 15_000
const EVENTS_PER_READ = 100

/** A call's events as server-sent events. Reads ahead of a slow reader by at most one page. */
export function streamCallEvents(options: CallEventStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const gone = new AbortController()
  const chunks = produce({ ...options, signal: AbortSignal.any([options.signal, gone.signal]) })
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      gone.abort()
      await chunks.return()
    },
  })
}

async function* produce(options: CallEventStreamOptions): AsyncGenerator<string, void, void> {
  const { read, watch, timers, signal, onEnd } = options
  const news = createNews(timers, signal)
  // Watch first, read then: what happens in between is seen twice rather than never.
  const unwatch = watch(news.arrive)
  try {
    // Also sends the headers on their way before anything has happened.
    yield 'retry: 2000\n\n'
    let after = options.afterSequence
    let spokeAtMs = timers.now()
    while (!signal.aborted) {
      news.clear()
      const events = await read(after, EVENTS_PER_READ)
      const last = events.at(-1)
      if (last) {
        after = last.sequence
        yield events.map(toServerSentEvent).join('')
        spokeAtMs = timers.now()
        if (events.some((event) => event.type === 'call.completed')) return
        if (events.length === EVENTS_PER_READ) continue
      } else if (timers.now() - spokeAtMs >= HEARTBEAT_MS) {
        yield ': still here\n\n'
        spokeAtMs = timers.now()
      }
      await news.wait(POLL_MS)
    }
  } finally {
    unwatch()
    onEnd()
  }
}

function toServerSentEvent(event: StoredEvent): string {
  return `id: ${event.sequence}\nevent: ${event.type}\ndata: ${renderEvent(event)}\n\n`
}

/** Something to wait for that remembers having arrived. */
function createNews(timers: Timers, signal: AbortSignal) {
  let hasArrived = false
  let wakeUp = () => {}
  return {
    arrive() {
      hasArrived = true
      wakeUp()
    },
    clear() {
      hasArrived = false
    },
    /** Settles on news, abort, or after `timeoutMs`. */
    async wait(timeoutMs: number): Promise<void> {
      if (hasArrived || signal.aborted) return
      await new Promise<void>((resolve) => {
        const finish = () => {
          timer.cancel()
          signal.removeEventListener('abort', finish)
          wakeUp = () => {}
          resolve()
        }
        const timer = timers.after(timeoutMs, finish)
        wakeUp = finish
        signal.addEventListener('abort', finish)
      })
    },
  }
}
