/**
 * Hands items to a slow or absent receiver without ever making the sender wait. Equal items that have not left yet are one item. At most
 * one batch is under way; what gathers meanwhile goes with the next. When a batch fails or takes too long it is forgotten, because whoever
 * uses an outbox has another way to find out (a sweeper, a poll). Beyond `sizeMax` the oldest are dropped.
 */
export interface OutboxOptions<T> {
  /** Items with the same key are the same. */
  key(item: T): string
  send(batch: readonly T[]): Promise<unknown>
  /** Called at most every ten seconds, with the number lost since the last time. */
  onLost(count: number, error: unknown): void
  /** Most items waiting. Default 10,000. */
  sizeMax?: number
  /** Most items in a batch. Default 100. */
  batchMax?: number
  /** From the beginning of a batch to the next one's: a steady trickle is gathered as well, and what comes after a while leaves at once. Default 0. */
  pauseMs?: number
  /** How long a batch may take before the next is tried. Default 5,000. */
  sendTimeoutMs?: number
}

export interface Outbox<T> {
  /** Returns at once and never throws. */
  add(item: T): void
  /** Tries to send what is left for at most a second. */
  close(): Promise<void>
}

const REPORT_EVERY_MS = 10_000
const CLOSE_TIMEOUT_MS = 1000

export function createOutbox<T>(options: OutboxOptions<T>): Outbox<T> {
  const { sizeMax = 10_000, batchMax = 100, pauseMs = 0, sendTimeoutMs = 5000 } = options
  const waiting = new Map<string, T>()
  let draining: Promise<void> | null = null
  let isClosed = false
  let lost = 0
  let reportedAtMs = 0
  let sentAtMs = Number.NEGATIVE_INFINITY

  function lose(count: number, error: unknown): void {
    lost += count
    const nowMs = performance.now()
    if (reportedAtMs !== 0 && nowMs - reportedAtMs < REPORT_EVERY_MS) return
    reportedAtMs = nowMs
    options.onLost(lost, error)
    lost = 0
  }

  async function drain(): Promise<void> {
    // What is added in the same turn of the event loop leaves together.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (waiting.size > 0) {
      const restMs = sentAtMs + pauseMs - performance.now()
      if (restMs > 0 && !isClosed) await new Promise((resolve) => setTimeout(resolve, restMs))
      sentAtMs = performance.now()
      const batch: T[] = []
      for (const [key, item] of waiting) {
        if (batch.length === batchMax) break
        batch.push(item)
        waiting.delete(key)
      }
      try {
        await withDeadline(options.send(batch), sendTimeoutMs)
      } catch (error) {
        lose(batch.length, error)
      }
    }
    draining = null
  }

  return {
    add(item) {
      if (isClosed) return
      if (waiting.size >= sizeMax) {
        const oldest = waiting.keys().next().value as string
        waiting.delete(oldest)
        lose(1, new Error('The outbox is full.'))
      }
      waiting.set(options.key(item), item)
      draining ??= drain()
    },
    async close() {
      isClosed = true
      if (draining) await withDeadline(draining, CLOSE_TIMEOUT_MS).catch(() => {})
    },
  }
}

/** Rejects when `promise` has not settled in time; what it settles to later is ignored. */
export async function withDeadline<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs)
    timer.unref()
  })
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}
