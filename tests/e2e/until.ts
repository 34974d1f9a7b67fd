const LOOK_EVERY_MS = 50

/** Waits until something has become true; throws after `timeoutMs` with what was waited for. */
export async function until(
  isTrue: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = 40_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
