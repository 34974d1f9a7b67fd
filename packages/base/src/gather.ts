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
  /** From the beginning of a batch to the next one's, so that a steady trickle is gathered as well; a quarter of a batch does not wait. Default 0. */
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
  const enough = Math.ceil(sizeMax / 4)
  let running = 0
  let isComing = false
  let pause: NodeJS.Timeout | null = null
  let begunAtMs = Number.NEGATIVE_INFINITY

  function begin(): void {
    if (waiting.length === 0 || running >= lanes) return
    const restMs = waiting.length >= enough ? 0 : begunAtMs + pauseMs - performance.now()
    if (restMs > 0 && !isComing) pause ??= setTimeout(comeSoon, restMs)
    else comeSoon()
  }

  /** What is asked for in the same turn of the event loop goes together. */
  function comeSoon(): void {
    if (pause) clearTimeout(pause)
    pause = null
    if (isComing) return
    isComing = true
    setImmediate(start)
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
