import type { Log, Timers } from '@phonevoice/base'

const AGAIN_MS = 250
/** Somebody else has the row by then. */
const GIVE_UP_MS = 60_000

/**
 * Repeats a write that the database did not take: it was restarted, or the connection was cut. For what cannot be asked for a second time, such as a
 * receiver's answer. The write must be one that changes nothing when it had been heard after all.
 */
export async function writeUntilHeard<R>(
  write: () => Promise<R>,
  { timers, log, signal }: { timers: Timers; log: Log; signal: AbortSignal },
): Promise<R> {
  const deadline = timers.now() + GIVE_UP_MS
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if (signal.aborted || timers.now() >= deadline) throw error
      log.warn('A result could not be written; it is tried again', { error })
      await new Promise<void>((resolve) => timers.after(AGAIN_MS, resolve))
    }
  }
}
