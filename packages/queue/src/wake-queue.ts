import { openQueue, openWorker, type QueueConnection } from './backend.ts'
import { createOutbox } from './outbox.ts'

/** Names a row that is due. The row holds the truth: a wake-up that is lost, doubled, late or invented does no harm. */
export interface WakeUpMessage {
  kind: string
  id: string
}

/** Tells workers that rows are due. */
export interface WakeQueue<W extends WakeUpMessage> {
  /** Returns at once, never throws, and keeps nothing for longer than a few seconds: while the queue is away, wake-ups are lost. */
  wake(wakeUp: W): void
  /** Sends what is left, within seconds. */
  close(): Promise<void>
}

/** A job costs the queue a thousand times what a wake-up in it costs. */
const PAUSE_MS = 20
const BATCH_MAX = 500

/** The sending side. It connects in the background; several calls with the same id before it leaves are one. */
export function createWakeQueue<W extends WakeUpMessage>(connection: QueueConnection): WakeQueue<W> {
  const queue = openQueue(connection)
  const outbox = createOutbox<W>({
    key: (wakeUp) => `${wakeUp.kind}:${wakeUp.id}`,
    send: (wakeUps) => queue.add({ wakeUps: [...wakeUps] }),
    pauseMs: PAUSE_MS,
    batchMax: BATCH_MAX,
    onLost: (count, error) =>
      connection.log.warn('Wake-ups were lost; the sweeper will find their rows', { count, error }),
  })
  let closing: Promise<void> | null = null
  return {
    wake: outbox.add,
    close() {
      closing ??= outbox.close().then(queue.close)
      return closing
    },
  }
}

export interface WakeListenerOptions<W extends WakeUpMessage> extends QueueConnection {
  /** Called for each wake-up. Take note and return: the queue does not wait for the work itself. */
  onWake(wakeUp: W): void
  /** Batches taken at once. Default 4. */
  concurrency?: number
}

export interface WakeListener {
  /** Settles when the first connection is made. */
  ready(): Promise<void>
  /** Takes no more and settles within seconds. */
  close(): Promise<void>
}

/** The receiving side. While the queue is away it reconnects in the background. */
export function createWakeListener<W extends WakeUpMessage>(options: WakeListenerOptions<W>): WakeListener {
  const worker = openWorker(options, {
    concurrency: options.concurrency ?? 4,
    onJob(job) {
      // Other versions of this program may share the queue during an update.
      for (const wakeUp of Array.isArray(job.wakeUps) ? job.wakeUps : []) {
        if (isWakeUp(wakeUp)) options.onWake(wakeUp as W)
      }
    },
  })
  let closing: Promise<void> | null = null
  return {
    ready: worker.ready,
    close() {
      closing ??= worker.close()
      return closing
    },
  }
}

function isWakeUp(value: unknown): value is WakeUpMessage {
  const { kind, id } = (value ?? {}) as Partial<WakeUpMessage>
  return typeof kind === 'string' && typeof id === 'string'
}
