import { ProviderError, type Timers } from '@phonevoice/base'

/** Passes a stream on, and throws when the next piece of it takes longer than `deadlineMs`. The first piece has no deadline here. */
export async function* withChunkDeadline<T>(
  pieces: AsyncIterable<T>,
  deadlineMs: number,
  timers: Timers,
): AsyncGenerator<T> {
  const iterator = pieces[Symbol.asyncIterator]()
  let hasBegun = false
  try {
    for (;;) {
      const next = iterator.next()
      const result = hasBegun ? await within(next, deadlineMs, timers) : await next
      if (result.done) return
      hasBegun = true
      yield result.value
    }
  } finally {
    // Not awaited: what has stalled may never answer.
    void iterator.return?.()?.catch(() => {})
  }
}

function within<T>(work: Promise<T>, deadlineMs: number, timers: Timers): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(deadlineMs, () =>
      reject(
        new ProviderError('The provider stopped in the middle of its audio.', {
          vendor: 'voice',
          operation: 'synthesize',
          category: 'timeout',
        }),
      ),
    )
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}
