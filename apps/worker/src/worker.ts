/**
 * Wires the worker: pullers that claim and do what is due, a sweep every second that makes them look, and the reconciler. Wake-ups only make
 * them look sooner; with the queue gone everything still happens, a second later.
 */
import type { Log, Timer, Timers } from '@phonevoice/base'
import type { GuardedClient } from '@phonevoice/outbound-http'
import type { ServiceContext, WakeUp } from '@phonevoice/services/context'
import {
  type ClaimDeliveriesInput,
  type ClaimedDelivery,
  claimDeliveries,
} from '@phonevoice/services/deliveries'
import { reconcileQuietCalls } from '@phonevoice/services/dials'
import { createAdmission } from '@phonevoice/services/limits'
import { type ClaimWorkInput, claimWork, type Work, type WorkKind } from '@phonevoice/services/work'
import type { ObjectStorage } from '@phonevoice/storage'
import { deliver } from './jobs/deliver.ts'
import { tidy } from './jobs/tidy.ts'
import { doWork } from './jobs/work.ts'
import { createLeaseKeeper } from './lease-keeper.ts'
import { createMergeRecording } from './merge-recording.ts'
import { createAnalystFor, createCarrierOf, type OpenAiAccess } from './outside.ts'
import { createPuller } from './puller.ts'
import { createRecorder } from './recorder.ts'
import { createSecretCache } from './secret-cache.ts'
import { createSureClaim } from './sure-claim.ts'

export interface WorkerDependencies {
  /** `wake` tells other workers; what this worker can do itself it does not send round. */
  ctx: ServiceContext
  client: GuardedClient
  storage: ObjectStorage
  openai: { test: OpenAiAccess | null; live: OpenAiAccess | null }
  timers: Timers
  log: Log
  /** Default: see `SLOTS`. */
  slots?: Partial<typeof SLOTS>
}

export interface Worker {
  start(): void
  /** A wake-up from the queue. */
  onWake(wakeUp: WakeUp): void
  /** True while the sweep comes through to the database. */
  isReady(): boolean
  /** Claims no more and waits for what is in hand, at most `drainMs`. */
  stop(drainMs?: number): Promise<void>
}

/** Rows in hand at once. Separate, so that slow receivers hold up no dial and long endings no delivery. */
export const SLOTS = { deliveries: 400, lines: 64, finishes: 64, erasures: 8 }
const SWEEP_EVERY_MS = 1000
const NEXT_AGAIN_MS = 50
const RECONCILE_EVERY_MS = 5000
const RECONCILE_BATCH = 50
const TIDY_EVERY_MS = 60_000
/** A delivery may take 15 s. */
const DRAIN_MS = 20_000
const READY_MS = 10_000

export function createWorker(deps: WorkerDependencies): Worker {
  const { timers, log } = deps
  const ctx: ServiceContext = {
    ...deps.ctx,
    wake: (wakeUp) => void (wakeHere(wakeUp) || deps.ctx.wake(wakeUp)),
  }
  const slots = { ...SLOTS, ...deps.slots }
  const carrierOf = createCarrierOf(ctx)
  const admission = createAdmission(ctx)
  const admitSoon = () =>
    void admission
      .admit()
      .catch((error: unknown) => log.warn('Waiting calls could not be let through', { error }))
  const work = {
    ctx,
    timers,
    admit: admission.admit,
    carrierOf,
    analystFor: createAnalystFor({ openai: deps.openai, guardedFetch: deps.client.fetch, now: timers.now }),
    mergeRecording: createMergeRecording(deps.storage),
    storage: deps.storage,
  }
  const delivering = {
    ctx,
    timers,
    client: deps.client,
    secretsOf: createSecretCache(ctx, timers),
    record: createRecorder(ctx),
  }
  const workLeases = createLeaseKeeper(ctx, 'work_items', timers, log)
  const deliveryLeases = createLeaseKeeper(ctx, 'deliveries', timers, log)
  let sweptAtMs = Number.NEGATIVE_INFINITY

  const pullerFor = (name: string, kinds: readonly WorkKind[], size: number) =>
    createPuller<Work>({
      name,
      slots: size,
      claim: createSureClaim(ctx, 'work_items', async (input: ClaimWorkInput) => {
        const items = await claimWork(ctx, { ...input, kinds })
        sweptAtMs = timers.now()
        // A call that is being finished has given its line back.
        if (items.some((item) => item.kind === 'finish')) admitSoon()
        return { items, hasMore: false }
      }),
      run: (item) => doWork(work, item),
      leases: workLeases,
      timers,
      log,
    })
  const lines = pullerFor('lines', ['dial', 'hang-up'], slots.lines)
  const finishes = pullerFor('finishes', ['finish'], slots.finishes)
  const erasures = pullerFor('erasures', ['erase'], slots.erasures)
  const deliveries = createPuller<ClaimedDelivery>({
    name: 'deliveries',
    slots: slots.deliveries,
    claim: createSureClaim(ctx, 'deliveries', async (input: ClaimDeliveriesInput) => {
      const { deliveries: items, hasMore } = await claimDeliveries(ctx, input)
      return { items, hasMore }
    }),
    run: (item, signal) => deliver(delivering, item, signal),
    // An event that was written while the one before it was being recorded: neither statement knew of the other.
    againMs: NEXT_AGAIN_MS,
    leases: deliveryLeases,
    timers,
    log,
  })
  const pullers = [lines, finishes, erasures, deliveries]

  function wakeHere(wakeUp: WakeUp): boolean {
    if (wakeUp.kind === 'delivery') return deliveries.inHand < slots.deliveries && deliveries.nudge(wakeUp.id)
    // The id does not say which kind of work it is.
    const isFree = lines.inHand < slots.lines && finishes.inHand < slots.finishes
    return isFree && lines.nudge(wakeUp.id) && finishes.nudge(wakeUp.id)
  }

  let isReconciling = false
  async function reconcile(): Promise<void> {
    if (isReconciling) return
    isReconciling = true
    try {
      await reconcileQuietCalls(ctx, {
        limit: RECONCILE_BATCH,
        carrierOf,
        wait: (ms) => new Promise((resolve) => timers.after(ms, resolve)),
      })
    } catch (error) {
      log.warn('Quiet calls could not be checked', { error })
    } finally {
      isReconciling = false
    }
  }

  let isTidying = false
  async function tidyUp(): Promise<void> {
    if (isTidying) return
    isTidying = true
    await tidy(ctx, deps.storage)
    isTidying = false
  }

  const running: Timer[] = []
  let stopping: Promise<void> | null = null
  return {
    start() {
      const sweep = () => {
        for (const puller of pullers) puller.sweep()
        admitSoon()
      }
      sweep()
      running.push(timers.every(SWEEP_EVERY_MS, sweep))
      running.push(timers.every(RECONCILE_EVERY_MS, () => void reconcile()))
      void tidyUp()
      running.push(timers.every(TIDY_EVERY_MS, () => void tidyUp()))
    },
    onWake: (wakeUp) => void wakeHere(wakeUp),
    isReady: () => timers.now() - sweptAtMs < READY_MS,
    stop(drainMs = DRAIN_MS) {
      stopping ??= (async () => {
        for (const timer of running) timer.cancel()
        // Leases are kept while the rest is finished.
        await Promise.all(pullers.map((puller) => puller.stop(drainMs)))
        workLeases.close()
        deliveryLeases.close()
      })()
      return stopping
    },
  }
}
