/** Where code that needs the time gets it. Tests hand in one they can move. */
export interface Clock {
  /** Wall-clock time, Unix milliseconds. */
  now(): number
}

/** A handle to cancel a timer; cancelling twice is harmless. */
export interface Timer {
  cancel(): void
}

/** A clock that can also call back. */
export interface Timers extends Clock {
  /** Calls `run` once after `delayMs`. */
  after(delayMs: number, run: () => void): Timer
  /** Calls `run` every `intervalMs` until cancelled. */
  every(intervalMs: number, run: () => void): Timer
}

/** The real time. */
export const systemClock: Timers = {
  now: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  every(intervalMs, run) {
    const handle = setInterval(run, intervalMs)
    return { cancel: () => clearInterval(handle) }
  },
}

/** A clock for tests: time moves only through `advance`, which fires due timers in order. */
export interface TestClock extends Timers {
  /** Moves time forward, firing every timer that falls due, earliest first. */
  advance(ms: number): void
  /** How many timers are armed; a test asserts 0 at its end. */
  readonly pendingTimers: number
}

export function createTestClock(startMs = 1_700_000_000_000): TestClock {
  let now = startMs
  let serial = 0
  const armed = new Map<number, { at: number; everyMs: number | null; run: () => void }>()
  const arm = (at: number, everyMs: number | null, run: () => void): Timer => {
    const id = ++serial
    armed.set(id, { at, everyMs, run })
    return { cancel: () => void armed.delete(id) }
  }
  return {
    now: () => now,
    after: (delayMs, run) => arm(now + delayMs, null, run),
    every: (intervalMs, run) => arm(now + intervalMs, intervalMs, run),
    get pendingTimers() {
      return armed.size
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        let nextId = -1
        let nextAt = Number.POSITIVE_INFINITY
        for (const [id, timer] of armed) {
          if (timer.at <= end && timer.at < nextAt) {
            nextId = id
            nextAt = timer.at
          }
        }
        const timer = armed.get(nextId)
        if (!timer) break
        now = Math.max(now, timer.at)
        if (timer.everyMs === null) armed.delete(nextId)
        else timer.at += timer.everyMs
        timer.run()
      }
      now = end
    },
  }
}
