import { ProviderError, type Timer, type Timers } from '@phonevoice/base'
import type { HttpAnswer } from '../contract/index.ts'

/**
 * Ends one streamed request for either of two reasons: its owner no longer wants it (`outer` aborts), or one of its deadlines passed. Both
 * abort `signal`; afterwards `verdict` tells them apart.
 */
export interface Watchdog {
  /** For fetch and for reading. */
  readonly signal: AbortSignal
  /** The deadline that passed; null when none did. */
  readonly verdict: ProviderError | null
  /** Starts a deadline. `name` completes the sentence "… within the time allowed for ‹name›". */
  arm(delayMs: number, name: string): Timer
  /** Cancels all deadlines and aborts what is still open. */
  close(): void
}

export interface WatchdogOptions {
  clock: Timers
  outer: AbortSignal
  vendor: string
  operation: string
}

export function createWatchdog({ clock, outer, vendor, operation }: WatchdogOptions): Watchdog {
  const controller = new AbortController()
  const timers = new Set<Timer>()
  let verdict: ProviderError | null = null
  const abort = () => controller.abort(ABORTED)
  if (outer.aborted) abort()
  else outer.addEventListener('abort', abort, { once: true })

  return {
    signal: controller.signal,
    get verdict() {
      return verdict
    },
    arm(delayMs, name) {
      const running = clock.after(delayMs, () => {
        timers.delete(running)
        if (controller.signal.aborted) return
        verdict = new ProviderError(`The provider did not answer within the time allowed for ${name}.`, {
          vendor,
          operation,
          category: 'timeout',
          context: { allowedMs: delayMs },
        })
        abort()
      })
      timers.add(running)
      return {
        cancel() {
          running.cancel()
          timers.delete(running)
        },
      }
    },
    close() {
      outer.removeEventListener('abort', abort)
      for (const timer of timers) timer.cancel()
      timers.clear()
      abort()
    },
  }
}

/** Thrown by what waits when its signal aborts; whoever owns the watchdog turns it into silence or a timeout. */
export class Aborted extends Error {
  override name = 'Aborted'
}

/** Made once: every request ends with an abort, and the platform would collect a stack for the reason of each. */
const ABORTED = new Aborted('The request is over.')

/** Waits for `work` no longer than until `signal` aborts, whether or not the work itself listens to the signal. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Aborted('The request was aborted.'))
    if (signal.aborted) {
      work.catch(() => {})
      return stop()
    }
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** The chunks of a response body. Stopping early, for whatever reason, gives up the connection. */
export async function* readBody(answer: HttpAnswer, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!answer.body) return
  const chunks = answer.body[Symbol.asyncIterator]()
  // One listener for all chunks: there are dozens of them a second.
  let stop = (): void => {}
  const onAbort = () => stop()
  signal.addEventListener('abort', onAbort, { once: true })
  let isOver = false
  try {
    while (!signal.aborted) {
      const { done, value } = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        stop = () => reject(ABORTED)
        chunks.next().then(resolve, reject)
      })
      if (done) {
        isOver = true
        return
      }
      if (value.length > 0) yield value
    }
    throw ABORTED
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not awaited: what has stalled may never answer.
    if (!isOver) chunks.return?.().catch(() => {})
  }
}
