import type { Log, Timers } from '@phonevoice/base'

/** Longest the journal waits for the database before a line is given up, in milliseconds. */
const GIVE_UP_MS = 60_000
const RETRY_MS = 500
/** Lines that may wait; what a call says beyond them while the database is away is lost. */
const LINES_MAX = 1000

/**
 * What one call has to write down, in order and without the conversation ever waiting for it. A write that fails is tried again until the database
 * is back; order is kept because the next line waits for the one before.
 */
export interface Journal {
  write(label: string, run: () => Promise<unknown>): void
  /** A line that waits for none of those before it. Settles when it is down or given up, or after `timeoutMs`; it is tried on all the same. */
  writeAtOnce(label: string, run: () => Promise<unknown>, timeoutMs: number): Promise<void>
  /** Settles when everything written so far is down or given up, or after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>
}

export function createJournal(options: { log: Log; timers: Timers }): Journal {
  const { log, timers } = options
  let tail: Promise<void> = Promise.resolve()
  let waiting = 0

  async function attempt(label: string, run: () => Promise<unknown>): Promise<void> {
    const deadline = timers.now() + GIVE_UP_MS
    for (;;) {
      try {
        await run()
        return
      } catch (error) {
        if (timers.now() >= deadline) {
          log.error('a line of a call could not be written down', { label, error })
          return
        }
        log.warn('a line of a call waits for the database', { label, error })
        await new Promise<void>((resolve) => timers.after(RETRY_MS, resolve))
      }
    }
  }

  return {
    write(label, run) {
      if (waiting >= LINES_MAX) {
        log.error('the journal of a call is full', { label })
        return
      }
      waiting++
      tail = tail.then(() => attempt(label, run)).finally(() => waiting--)
    },
    writeAtOnce: (label, run, timeoutMs) => within(attempt(label, run), timeoutMs),
    settled: (timeoutMs) => within(tail, timeoutMs),
  }

  function within(work: Promise<void>, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timers.after(timeoutMs, resolve)
      void work.then(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}
