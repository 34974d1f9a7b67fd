/**
 * The audio that may still have to be sent, or sent again: the span being spoken and the committed spans that have no final yet. It is what makes a lost
 * connection harmless, and it is bounded: the oldest audio goes first.
 */
export interface Span {
  /** Null while it is being spoken. */
  itemId: string | null
  chunks: Uint8Array[]
  /** What was ever added, dropped audio included. */
  totalBytes: number
}

export interface AudioSpans {
  readonly current: Span
  /** Committed and unanswered, oldest first. */
  readonly committed: readonly Span[]
  /** Keeps a copy. Returns how many bytes had to be dropped to stay within `bytesMax`. */
  add(mulaw: Uint8Array, bytesMax: number): number
  /** Ends the current span and begins the next. */
  commit(itemId: string): Span
  /** A committed span has its answer. False when it had one before. */
  settle(itemId: string): boolean
}

export function createAudioSpans(): AudioSpans {
  let current = emptySpan()
  let committed: Span[] = []
  let keptBytes = 0

  function dropOldest(): number {
    const span = committed.find(({ chunks }) => chunks.length > 0) ?? current
    return span.chunks.shift()?.length ?? 0
  }

  return {
    get current() {
      return current
    },
    get committed() {
      return committed
    },
    add(mulaw, bytesMax) {
      current.chunks.push(mulaw.slice())
      current.totalBytes += mulaw.length
      keptBytes += mulaw.length
      let droppedBytes = 0
      while (keptBytes > bytesMax) {
        const bytes = dropOldest()
        if (bytes === 0) break
        droppedBytes += bytes
        keptBytes -= bytes
      }
      return droppedBytes
    },
    commit(itemId) {
      const span = current
      span.itemId = itemId
      committed.push(span)
      current = emptySpan()
      return span
    },
    settle(itemId) {
      const span = committed.find((one) => one.itemId === itemId)
      if (!span) return false
      committed = committed.filter((one) => one !== span)
      for (const chunk of span.chunks) keptBytes -= chunk.length
      return true
    },
  }
}

function emptySpan(): Span {
  return { itemId: null, chunks: [], totalBytes: 0 }
}
