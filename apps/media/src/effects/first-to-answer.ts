import type { Timer, Timers } from '@phonevoice/base'

export interface FirstToAnswerOptions<T> {
  /** In order of preference. Each is begun at most once and ends when its signal aborts. */
  contestants: readonly ((signal: AbortSignal) => AsyncIterable<T>)[]
  /** How long the latest one is waited for before the next is asked as well, in milliseconds. */
  headStartMs: number
  /** Whether a part is what everyone waits for: its sender has won. Parts before it are passed on as they come. */
  isAnswer(part: T): boolean
  onFailed(index: number, error: unknown): void
  signal: AbortSignal
  timers: Timers
}

interface Runner<T> {
  index: number
  controller: AbortController
  iterator: AsyncIterator<T>
  next: Promise<{ runner: Runner<T>; result: IteratorResult<T> | null; error: unknown }>
}

/**
 * Asks one vendor after another for the same thing: the next when one has failed, or has kept us waiting, and goes on with whoever answers first; the
 * others are stopped. A slow favourite may still win, and a dead one costs no more than the head start. Throws the last error when nobody is left, and
 * what the winner throws after its first answer.
 */
export async function* firstToAnswer<T>(options: FirstToAnswerOptions<T>): AsyncGenerator<T> {
  const { contestants, signal, timers } = options
  let running: Runner<T>[] = []
  let begun = 0
  let lastError: unknown = new Error('There is nobody to ask.')
  let wake = (): void => {}
  let headStart = null as Timer | null
  const stopAll = (): void => {
    headStart?.cancel()
    for (const runner of running) runner.controller.abort()
    wake()
  }
  signal.addEventListener('abort', stopAll, { once: true })

  function advance(runner: Runner<T>): void {
    runner.next = runner.iterator.next().then(
      (result) => ({ runner, result, error: null }),
      (error: unknown) => ({ runner, result: null, error }),
    )
  }

  function beginNext(): void {
    headStart?.cancel()
    const contestant = contestants[begun]
    if (!contestant) return
    const controller = new AbortController()
    const iterator = contestant(controller.signal)[Symbol.asyncIterator]()
    const runner = { index: begun, controller, iterator } as Runner<T>
    begun++
    advance(runner)
    running.push(runner)
    if (begun < contestants.length) {
      headStart = timers.after(options.headStartMs, () => {
        beginNext()
        wake()
      })
    }
  }

  function leave(runner: Runner<T>): void {
    running = running.filter((other) => other !== runner)
  }

  try {
    if (signal.aborted) return
    beginNext()
    for (;;) {
      if (running.length === 0) {
        if (begun >= contestants.length) throw lastError
        beginNext()
      }
      const awakened = new Promise<null>((resolve) => {
        wake = () => resolve(null)
      })
      const first = await Promise.race([awakened, ...running.map((runner) => runner.next)])
      if (signal.aborted) return
      if (first === null) continue
      const { runner, result, error } = first
      if (result === null) {
        options.onFailed(runner.index, error)
        lastError = error
        leave(runner)
        continue
      }
      if (result.done) return
      if (options.isAnswer(result.value)) {
        headStart?.cancel()
        leave(runner)
        for (const loser of running) loser.controller.abort()
        running = [runner]
        yield result.value
        yield* { [Symbol.asyncIterator]: () => runner.iterator }
        return
      }
      yield result.value
      advance(runner)
    }
  } finally {
    signal.removeEventListener('abort', stopAll)
    stopAll()
  }
}
