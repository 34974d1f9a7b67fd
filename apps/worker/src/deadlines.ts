import type { Timers } from '@phonevoice/base'

/** What `doing` comes to; rejects when that takes longer. */
export function within<R>(timers: Timers, maxMs: number, doing: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(maxMs, () => reject(new Error(`It was not done after ${maxMs / 1000} s.`)))
    doing.then(resolve, reject).finally(() => timer.cancel())
  })
}

/** Whether `doing` was done in time; it must not reject. */
export function doneWithin(timers: Timers, maxMs: number, doing: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timers.after(maxMs, () => resolve(false))
    void doing.then(() => {
      timer.cancel()
      resolve(true)
    })
  })
}
