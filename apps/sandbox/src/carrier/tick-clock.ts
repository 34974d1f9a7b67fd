import { FRAME_MS } from '@phonevoice/audio'
import type { Timer, Timers } from '@phonevoice/base'
import { systemClock } from '@phonevoice/base'

/** Longest stall that is made good by a burst of ticks; what lies further back is lost, as on a real line. */
const CATCH_UP_TICKS_MAX = 250

/** One metronome for every call in the process. */
export interface TickClock {
  /** Calls `onTick` once per 20 ms (one media frame) from now on. The returned function ends that and may be called twice. */
  subscribe(onTick: () => void): () => void
  close(): void
}

export interface TickClockOptions {
  timers?: Timers
  /** Milliseconds of a clock that never jumps. Default `performance.now`. */
  monotonicNow?: () => number
  /** Told when a subscriber throws; the others go on. */
  onError?: (error: unknown) => void
}

/**
 * Which ticks are due is computed from the clock, not counted from timer firings: a late timer is followed by a burst, never by drift.
 * The timer is armed only while somebody listens.
 */
export function createTickClock(options: TickClockOptions = {}): TickClock {
  const timers = options.timers ?? systemClock
  const monotonicNow = options.monotonicNow ?? (() => performance.now())
  const subscribers = new Map<() => void, number>()
  let startedAt = monotonicNow()
  let done = 0
  let timer: Timer | null = null

  const dueTicks = () => Math.floor((monotonicNow() - startedAt) / FRAME_MS)

  function arm(): void {
    if (subscribers.size === 0) {
      timer = null
      return
    }
    const delayMs = (done + 1) * FRAME_MS - (monotonicNow() - startedAt)
    timer = timers.after(Math.max(1, Math.ceil(delayMs)), fire)
  }

  function fire(): void {
    const due = dueTicks()
    done = Math.max(done, due - CATCH_UP_TICKS_MAX)
    while (done < due) {
      done++
      for (const [onTick, joinedAt] of subscribers) {
        if (joinedAt >= done) continue
        try {
          onTick()
        } catch (error) {
          options.onError?.(error)
        }
      }
    }
    arm()
  }

  return {
    subscribe(onTick) {
      if (subscribers.size === 0) {
        startedAt = monotonicNow()
        done = 0
      }
      const listener = () => onTick()
      // Ticks that were already due when the subscriber joined are not its own.
      subscribers.set(listener, dueTicks())
      if (!timer) arm()
      return () => void subscribers.delete(listener)
    },
    close() {
      subscribers.clear()
      timer?.cancel()
      timer = null
    },
  }
}
