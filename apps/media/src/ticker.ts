import type { Timers } from '@phonevoice/base'

const TICK_MS = 20

/** The process's one clock for pacing audio: every live call is pumped by it, so a thousand calls cost one timer. */
export interface Ticker {
  /** Calls `run` at every tick until the returned function is called. */
  add(run: () => void): () => void
  stop(): void
}

export function createTicker(timers: Timers): Ticker {
  const members = new Set<() => void>()
  const timer = timers.every(TICK_MS, () => {
    for (const run of members) run()
  })
  return {
    add(run) {
      members.add(run)
      return () => members.delete(run)
    },
    stop() {
      timer.cancel()
      members.clear()
    },
  }
}
