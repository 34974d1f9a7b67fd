import { isRetryableCategory, type ProviderError, type Timers } from '@phonevoice/base'
import { orAborted } from './watchdog.ts'

/** A short pause: the caller is waiting, and a second failure is better spent on the fallback. */
const PAUSE_MS_MIN = 50
const PAUSE_MS_SPREAD = 100
/** A server that asks for more patience than this is left alone. */
const PAUSE_MS_MAX = 1000

export interface RetryOnceOptions<T> {
  clock: Timers
  signal: AbortSignal
  attempt(): AsyncIterable<T>
  /** Makes whatever an attempt threw comparable. */
  toError(thrown: unknown): ProviderError
}

/** Runs a streamed request, and once more when it failed for a passing reason before yielding anything. What was yielded is never repeated. */
export async function* retryOnce<T>({
  clock,
  signal,
  attempt,
  toError,
}: RetryOnceOptions<T>): AsyncGenerator<T> {
  for (let isLast = false; ; isLast = true) {
    let hasYielded = false
    try {
      for await (const part of attempt()) {
        hasYielded = true
        yield part
      }
      return
    } catch (thrown) {
      if (signal.aborted) throw thrown
      const error = toError(thrown)
      const pauseMs = pauseBefore(error)
      if (isLast || hasYielded || !isRetryableCategory(error.category) || pauseMs > PAUSE_MS_MAX) throw error
      await pause(clock, pauseMs, signal)
    }
  }
}

function pauseBefore(error: ProviderError): number {
  const asked = error.context.retryAfterMs
  return typeof asked === 'number' ? asked : PAUSE_MS_MIN + Math.random() * PAUSE_MS_SPREAD
}

async function pause(clock: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  let cancel = () => {}
  const elapsed = new Promise<void>((resolve) => {
    const timer = clock.after(delayMs, resolve)
    cancel = () => timer.cancel()
  })
  await orAborted(elapsed, signal).finally(() => cancel())
}

/** Milliseconds a response asks to wait: `retry-after-ms`, or `retry-after` in seconds (its date form is ignored). */
export function retryAfterMs(headers: Headers | undefined): number | null {
  const exact = Number.parseFloat(headers?.get('retry-after-ms') ?? '')
  if (Number.isFinite(exact) && exact >= 0) return exact
  const seconds = Number.parseFloat(headers?.get('retry-after') ?? '')
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null
}
