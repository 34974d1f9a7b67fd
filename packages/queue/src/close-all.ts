import { withDeadline } from './outbox.ts'

/** Long enough for a goodbye, short enough for a shutdown. */
export const CLOSE_TIMEOUT_MS = 1500

/** One after the other, each only for so long; failures do not keep the next from being closed. */
export async function closeAll(...steps: (() => unknown)[]): Promise<void> {
  for (const step of steps) {
    await withDeadline(
      Promise.resolve().then(() => step()),
      CLOSE_TIMEOUT_MS,
    ).catch(() => {})
  }
}
