/** From a socket that speaks to a reader that asks: what is pushed is read in order. Whoever pushes keeps it within bounds. */
export interface Pipe<T> {
  push(value: T): void
  end(): void
  /** What was pushed before is still read. */
  fail(error: Error): void
  next(): Promise<IteratorResult<T, undefined>>
}

export function createPipe<T>(): Pipe<T> {
  const values: T[] = []
  let ending: { error: Error | null } | null = null
  let wake = (): void => {}
  const finish = (error: Error | null): void => {
    ending ??= { error }
    wake()
  }
  return {
    push(value) {
      if (ending) return
      values.push(value)
      wake()
    },
    end: () => finish(null),
    fail: (error) => finish(error),
    async next() {
      while (values.length === 0 && !ending) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const value = values.shift()
      if (value !== undefined) return { done: false, value }
      if (ending?.error) throw ending.error
      return { done: true, value: undefined }
    },
  }
}
