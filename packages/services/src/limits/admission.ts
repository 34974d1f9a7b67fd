import type { ServiceContext } from '../context.ts'
import { admitCalls } from './admit-calls.ts'

/** Lets waiting calls through, for one process: however many ask at the same moment, at most one statement runs and one more is due. */
export interface Admission {
  /** Settles when a look that began after this was called has ended. */
  admit(): Promise<void>
}

export function createAdmission(ctx: ServiceContext): Admission {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null

  function begin(): Promise<void> {
    const look = admitCalls(ctx).then(
      () => {
        if (running === look) running = null
      },
      (error: unknown) => {
        if (running === look) running = null
        throw error
      },
    )
    running = look
    return look
  }

  return {
    admit() {
      if (running === null) return begin()
      // The look under way may have counted before the asker's call was there.
      next ??= running
        .catch(() => {})
        .then(() => {
          next = null
          return begin()
        })
      return next
    },
  }
}
