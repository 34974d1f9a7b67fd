/**
 * Where wake-ups travel: Redis when there is one, otherwise BullMQ's own Postgres backend, so that one Postgres is all an installation
 * needs. The rest of this package does not know which it is.
 */
import type { Log } from '@phonevoice/base'
import { Queue, type QueueOptions, runMigrations, Worker, type WorkerOptions } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { closeAll } from './close-all.ts'
import { openPostgresQueue, openPostgresWorker, SCHEMA } from './postgres-backend.ts'

export interface QueueConnection {
  /** `redis://…`; null: Postgres. */
  redisUrl: string | null
  postgresUrl: string
  log: Log
}

const QUEUE_NAME = 'wake-ups'

/** A list of ids to look at. */
export interface WakeJob {
  wakeUps: unknown[]
}

/** The parts of BullMQ's queue and worker that are used here. */
export interface OpenQueue {
  add(job: WakeJob): Promise<unknown>
  close(): Promise<void>
}

export interface OpenWorker {
  /** Settles when the first connection is made. */
  ready(): Promise<void>
  close(): Promise<void>
}

const queueOptions = {
  streams: { events: { maxLen: 100 } },
  defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
} satisfies Omit<QueueOptions, 'connection'>

/** A killed listener's jobs come back after about ten seconds; the sweeper is faster, so this hardly matters. */
const workerOptions = {
  lockDuration: 5000,
  stalledInterval: 5000,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
} satisfies Omit<WorkerOptions, 'connection'>

/** Creates or updates BullMQ's tables. Run it in one place, before anything that uses the queue starts; it takes a lock of its own. */
export async function migrateQueue(postgresUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  try {
    await runMigrations(client, SCHEMA)
  } finally {
    await client.end()
  }
}

/** Opens the sending side. It connects in the background. */
export function openQueue({ redisUrl, postgresUrl, log }: QueueConnection): OpenQueue {
  const report = errorReporter(log, 'The wake-up queue cannot be reached')
  if (redisUrl !== null) {
    // Without this a producer would keep commands in memory for as long as Redis is away, and its callers waiting.
    const redis = new Redis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1 })
    redis.on('error', report)
    const queue = new Queue<WakeJob, void, 'wake'>(QUEUE_NAME, { ...queueOptions, connection: redis })
    queue.on('error', report)
    return {
      add: (job) => queue.add('wake', job),
      close: () =>
        closeAll(
          () => queue.close(),
          () => redis.disconnect(),
        ),
    }
  }
  return openPostgresQueue({ url: postgresUrl, name: QUEUE_NAME, options: queueOptions, report })
}

/** Opens the receiving side; `onJob` must not throw. */
export function openWorker(
  { redisUrl, postgresUrl, log }: QueueConnection,
  options: { concurrency: number; onJob(job: WakeJob): void },
): OpenWorker {
  const report = errorReporter(log, 'The wake-up listener cannot reach the queue')
  const processor = async (job: { data: WakeJob }) => options.onJob(job.data)
  const settings = { ...workerOptions, concurrency: options.concurrency }
  if (redisUrl !== null) {
    const redis = new Redis(redisUrl, { maxRetriesPerRequest: null })
    redis.on('error', report)
    const worker = new Worker<WakeJob>(QUEUE_NAME, processor, { ...settings, connection: redis })
    worker.on('error', report)
    return {
      ready: async () => void (await worker.waitUntilReady()),
      close: () =>
        closeAll(
          () => worker.close(),
          () => redis.disconnect(),
        ),
    }
  }
  return openPostgresWorker({ url: postgresUrl, name: QUEUE_NAME, options: settings, processor, report })
}

/** A broken connection reports itself many times a second; one line in ten seconds is enough. */
export function errorReporter(log: Log, message: string): (error: unknown) => void {
  let reportedAtMs = Number.NEGATIVE_INFINITY
  return (error) => {
    const nowMs = performance.now()
    if (nowMs - reportedAtMs < 10_000) return
    reportedAtMs = nowMs
    log.warn(message, { error })
  }
}
