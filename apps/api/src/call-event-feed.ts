/** Tells who reads a call's events that there may be new ones. One subscription of the bus serves all readers. */
export interface CallEventFeed {
  /** Calls `onNews` from now on until the returned function is called. News can be lost: readers also poll. */
  watch(callId: string, onNews: () => void): () => void
  close(): void
}

/** The part of the bus that a feed needs. */
export interface CallEventBus {
  subscribe(
    topic: 'call-events',
    handler: (message: { callId: string }) => void,
  ): { ready: Promise<void>; close(): void }
}

export function createCallEventFeed(bus: CallEventBus): CallEventFeed {
  const watchers = new Map<string, Set<() => void>>()
  const subscription = bus.subscribe('call-events', ({ callId }) => {
    for (const onNews of [...(watchers.get(callId) ?? [])]) onNews()
  })
  // The bus reports by itself when it cannot be reached, and reconnects; readers poll meanwhile.
  subscription.ready.catch(() => {})
  return {
    watch(callId, onNews) {
      const ofCall = watchers.get(callId) ?? new Set()
      watchers.set(callId, ofCall)
      // A function of its own, so that the same callback may watch twice.
      const own = () => onNews()
      ofCall.add(own)
      return () => {
        ofCall.delete(own)
        if (ofCall.size === 0 && watchers.get(callId) === ofCall) watchers.delete(callId)
      }
    },
    close() {
      subscription.close()
      watchers.clear()
    },
  }
}
