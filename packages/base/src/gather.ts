/**
 * Puts together what many callers want done at the same time, where one request for fifty costs little more than one for one. Whoever comes first does
 * not wait for others; what comes while a batch is under way goes with the next. There are never more waiting than callers that wait for their answers.
 */
export interface GatherOptions<I, R> {
  /** Answers in the order of the items. */
  run(items: readonly I[]): Promise<readonly R[]>
  /** Most items in a batch. */
  sizeMax: number
  /** Batches under way at once. Default 1. */
  lanes?: number
  /** From the beginning of a batch to the next one's, so that a steady trickle is gathered as well. Default 0. */
  pauseMs?: number
  /** Whether the items of a batch that failed like this are run again, each alone, so that one does not fail the others. Default: they are not. */
  splits?(error: unknown): boolean
}

interface Waiting<I, R> {
  item: I
  resolve(result: R): void
  reject(error: unknown): void
}

/** Gives back what does the same for one item as `run` for many. */
export function createGather<I, R>(options: GatherOptions<I, R>): (item: I) => Promise<R> {
  const { sizeMax, lanes = 1, pauseMs = 0, splits = () => false } = options
  const waiting: Waiting<I, R>[] = []
  let running = 0
  let isComing = false
  let begunAtMs = Number.NEGATIVE_INFINITY

  function begin(): void {
    if (isComing || running >= lanes || waiting.length === 0) return
    isComing = true
    const restMs = waiting.length >= sizeMax ? 0 : begunAtMs + pauseMs - performance.now()
    // What is asked for in the same turn of the event loop goes together.
    if (restMs > 0) setTimeout(start, restMs)
    else setImmediate(start)
  }

  function start(): void {
    isComing = false
    begunAtMs = performance.now()
    running++
    void runAll(waiting.splice(0, sizeMax)).finally(() => {
      running--
      begin()
    })
    begin()
  }

  async function runAll(batch: readonly Waiting<I, R>[]): Promise<void> {
    try {
      const results = await options.run(batch.map(({ item }) => item))
      for (const [at, { resolve }] of batch.entries()) resolve(results[at] as R)
    } catch (error) {
      if (batch.length > 1 && splits(error)) await Promise.all(batch.map((one) => runAll([one])))
      else for (const { reject } of batch) reject(error)
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      begin()
    })
}
