/**
 * Claims rows and works on them, a bounded number at a time. Two things make it look: a wake-up that names a row, and a sweep for whatever is
 * due. Both only ask the database, which alone decides who gets what; neither is needed for correctness, the sweep is needed for progress.
 *
 * Slots are taken before rows are claimed, so nothing is claimed that cannot be begun at once. A sweep that fills its slots is repeated as soon as
 * one is free: a backlog is worked off at full speed, not at one batch a second.
 */
import type { Log, Timers } from '@phonevoice/base'
import type { Held } from '@phonevoice/services/work'
import { doneWithin, within } from './deadlines.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

export interface PullerOptions<T extends Held> {
  /** For logs. */
  name: string
  /** Rows in hand at once. */
  slots: number
  claim(input: { ids?: readonly string[]; limit: number }): Promise<Claim<T>>
  /** Works on one row and settles it. Returns when the row wants to be looked at again, if that is soon; null otherwise. */
  run(item: T, signal: AbortSignal): Promise<number | null>
  /** A row that was named and could not be claimed is looked at once more after so long. Absent: it is left to the sweep. */
  againMs?: number
  leases: LeaseKeeper
  timers: Timers
  log: Log
}

export interface Claim<T> {
  items: readonly T[]
  /** Others may be claimed as soon as something in hand has been settled. */
  hasMore: boolean
}

export interface Puller {
  /** Look at this row soon. False: no room to remember it. */
  nudge(id: string): boolean
  /** Look for anything due. */
  sweep(): void
  readonly inHand: number
  /** Claims no more; settles when everything in hand is done, or after `drainMs`, when what is left is aborted. */
  stop(drainMs: number): Promise<void>
}

/** Most rows claimed by one statement. */
const BATCH_MAX = 100
/** From one claim to the next: a steady trickle is claimed together as well. The first after a while begins at once. */
const PAUSE_MS = 5
/** So many named rows are worth a claim of their own. */
const ENOUGH = 25
/** What a sweep leaves because of somebody's share is looked for this often while that share is in use. */
const SWEEP_PAUSE_MS = 20
/** Most nudges remembered; the sweep finds the others. */
const NUDGES_MAX = 2000
/** A row due sooner than the next sweep gets a timer of its own. */
const SOON_MS = 1000
const ABORT_GRACE_MS = 2000
/** Longer than the database takes to cancel a statement. A claim that was lost on the way must not stop all that come after it. */
const CLAIM_MAX_MS = 20_000
/** Longer than any work takes. What hangs is let go: its lease ends, and whoever claims it next starts anew. */
const RUN_MAX_MS = 180_000

export function createPuller<T extends Held>(options: PullerOptions<T>): Puller {
  const { name, slots, leases, timers, log } = options
  const nudged = new Set<string>()
  const running = new Set<Promise<void>>()
  /** Stop what is in hand. */
  const aborts = new Set<(reason: Error) => void>()
  let stopReason: Error | null = null
  /** Named, not claimed, and to be looked at once more. */
  const again = new Set<string>()
  let wantsSweep = false
  let isLooking = false
  let isStopped = false
  /** Something was left that may be claimed when something in hand has been settled. */
  let isMoreLeft = false
  let claimedAtMs = Number.NEGATIVE_INFINITY
  let sweptAtMs = Number.NEGATIVE_INFINITY

  function look(): void {
    if (isLooking || isStopped) return
    isLooking = true
    const restMs = nudged.size >= ENOUGH ? 0 : claimedAtMs + PAUSE_MS - timers.now()
    // What arrives in the same turn of the event loop is claimed together.
    const soon = restMs > 0 ? (run: () => void) => timers.after(restMs, run) : setImmediate
    soon(() => {
      claimAll()
        .catch((error: unknown) => log.warn('Due work could not be claimed', { name, error }))
        .finally(() => {
          isLooking = false
          if (nudged.size > 0 && running.size < slots) look()
        })
    })
  }

  async function claimAll(): Promise<void> {
    while (!isStopped && running.size < slots) {
      const limit = Math.min(slots - running.size, BATCH_MAX)
      const ids = [...nudged].slice(0, BATCH_MAX)
      for (const id of ids) nudged.delete(id)
      if (ids.length === 0 && !wantsSweep) return
      const isSweep = ids.length === 0
      claimedAtMs = timers.now()
      if (isSweep) sweptAtMs = claimedAtMs
      const claim = options.claim(isSweep ? { limit } : { ids, limit })
      const { items, hasMore } = await within(timers, CLAIM_MAX_MS, claim)
      isMoreLeft = hasMore || (isMoreLeft && !isSweep)
      // A full batch may have left rows behind, of a sweep or of the named ones.
      wantsSweep = items.length === limit || (wantsSweep && !isSweep)
      for (const item of items) begin(item)
      if (options.againMs !== undefined) lookOnceMore(ids, items, options.againMs)
    }
  }

  function lookOnceMore(ids: readonly string[], items: readonly T[], delayMs: number): void {
    const claimed = new Set(items.map(({ id }) => id))
    const left = ids.filter((id) => !again.delete(id) && !claimed.has(id) && again.size < NUDGES_MAX)
    for (const id of left) again.add(id)
    if (left.length > 0) timers.after(delayMs, () => left.forEach(nudge))
  }

  function begin(item: T): void {
    const controller = new AbortController()
    const abort = (reason: Error) => controller.abort(reason)
    const release = leases.hold(item, abort)
    aborts.add(abort)
    if (stopReason) abort(stopReason)
    const work = within(timers, RUN_MAX_MS, options.run(item, controller.signal))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) log.error('Work failed', { name, id: item.id, error })
        return null
      })
      .then((nextAtMs) => {
        release()
        aborts.delete(abort)
        running.delete(work)
        if (nextAtMs !== null) lookAgain(item.id, nextAtMs)
        if (isMoreLeft && timers.now() - sweptAtMs >= SWEEP_PAUSE_MS) wantsSweep = true
        if (wantsSweep || nudged.size > 0) look()
      })
    running.add(work)
  }

  function lookAgain(id: string, atMs: number): void {
    const delayMs = atMs - timers.now()
    if (delayMs < SOON_MS) timers.after(Math.max(0, delayMs), () => void nudge(id))
  }

  function nudge(id: string): boolean {
    if (isStopped || nudged.size >= NUDGES_MAX) return false
    nudged.add(id)
    look()
    return true
  }

  return {
    nudge,
    sweep() {
      wantsSweep = true
      look()
    },
    get inHand() {
      return running.size
    },
    async stop(drainMs) {
      isStopped = true
      const done = Promise.all(running)
      const drained = await doneWithin(timers, drainMs, done)
      if (drained) return
      stopReason = new Error('The worker is stopping.')
      for (const abort of aborts) abort(stopReason)
      // What was aborted gets a moment to come back; what does not is picked up by another worker when its lease ends.
      await doneWithin(timers, ABORT_GRACE_MS, done)
    },
  }
}
