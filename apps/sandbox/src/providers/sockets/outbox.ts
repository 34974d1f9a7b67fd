import type { Timer, Timers } from '@phonevoice/base'

/** Sends messages later, and never one before another that was put in earlier. */
export interface Outbox {
  /** At the earliest after `delayMs`. */
  add(delayMs: number, send: () => void): void
  /** Forgets what was not sent. */
  clear(): void
}

/** A vendor that is this far behind is not asked for more. */
const WAITING_MAX = 10_000

export function createOutbox(timers: Timers): Outbox {
  let waiting: { atMs: number; send: () => void }[] = []
  let timer: Timer | null = null

  function deliver(): void {
    timer = null
    for (let next = waiting[0]; next && next.atMs <= timers.now(); next = waiting[0]) {
      waiting.shift()
      next.send()
    }
    arm()
  }

  function arm(): void {
    const next = waiting[0]
    if (next && !timer) timer = timers.after(Math.max(0, next.atMs - timers.now()), deliver)
  }

  return {
    add(delayMs, send) {
      if (waiting.length >= WAITING_MAX) return
      const atMs = Math.max(waiting.at(-1)?.atMs ?? 0, timers.now() + delayMs)
      if (waiting.length === 0 && delayMs <= 0) send()
      else {
        waiting.push({ atMs, send })
        arm()
      }
    },
    clear() {
      timer?.cancel()
      timer = null
      waiting = []
    },
  }
}
