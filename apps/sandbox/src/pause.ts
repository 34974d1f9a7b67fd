import type { Timers } from '@phonevoice/base'

/** Resolves after `ms`, or at once when `signal` aborts. 0 does not wait. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = timers.after(ms, done)
    signal.addEventListener('abort', done)
  })
}
