import { setTimeout as wait } from 'node:timers/promises'

/** Runs `count` tasks at an even rate, whatever each of them takes, at most `concurrency` at once; `perSecond` 0: as fast as they go. */
export async function runAtRate(
  options: { count: number; perSecond: number; concurrency: number },
  task: (index: number) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now()
  const intervalMs = options.perSecond === 0 ? 0 : 1000 / options.perSecond
  let next = 0
  const runner = async (): Promise<void> => {
    while (next < options.count) {
      const index = next++
      const early = startedAt + index * intervalMs - performance.now()
      if (early > 1) await wait(early)
      await task(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.concurrency, options.count) }, runner))
}
