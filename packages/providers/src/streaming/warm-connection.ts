import type { Timers } from '@phonevoice/base'
import type { HttpSend } from '../contract/index.ts'
import { orAborted, readBody } from './watchdog.ts'

const WARM_TIMEOUT_MS = 2_000

/** Opens a connection ahead of need by asking for something cheap and harmless, if only answered with 404. Never throws. */
export async function warmConnection(
  fetch: HttpSend,
  url: string,
  headers: Readonly<Record<string, string>>,
  clock: Timers,
): Promise<void> {
  const controller = new AbortController()
  const deadline = clock.after(WARM_TIMEOUT_MS, () => controller.abort())
  try {
    const { signal } = controller
    const response = await orAborted(fetch(url, { headers, signal }), signal)
    // A connection is free for the next request only when the body has been read.
    for await (const _ of readBody(response, signal));
  } catch {
    // Warming is a favour; the first request will say what is wrong.
  } finally {
    deadline.cancel()
  }
}
