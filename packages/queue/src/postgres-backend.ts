/**
 * BullMQ on Postgres. It remembers for good that its first connection failed: a queue then refuses everything, and a worker asks again without
 * a pause, so that nothing else in the process gets a turn. Both are therefore made anew until there is a database that answers.
 */
import { setTimeout as wait } from 'node:timers/promises'
import {
  createPostgresBackend,
  type PostgresConnectionOptions,
  type QueueOptions,
  type WorkerOptions,
  withBackend,
} from 'bullmq'
import pg from 'pg'
import type { OpenQueue, OpenWorker, WakeJob } from './backend.ts'
import { CLOSE_TIMEOUT_MS, closeAll } from './close-all.ts'
import { withDeadline } from './outbox.ts'

/** The schema BullMQ keeps its tables in. */
export const SCHEMA = 'bullmq'
/** BullMQ's classes bound to Postgres, leaving its process-wide default alone. */
const onPostgres = withBackend(createPostgresBackend)
/**
 * Wake-ups may be lost, so nobody waits until they are on the disk: otherwise each one would queue for the write-ahead log beside the rows it tells of.
 */
const SESSION_SETTINGS = `-c search_path=${SCHEMA} -c synchronous_commit=off`
const RETRY_MS = 1000

interface Options<O> {
  url: string
  name: string
  options: Omit<O, 'connection'>
  report(error: unknown): void
}

export function openPostgresQueue({ url, name, options, report }: Options<QueueOptions>): OpenQueue {
  type Opened = { add(job: WakeJob): Promise<unknown>; close(): Promise<void> }
  let opening: Promise<Opened> | null = null

  async function open(): Promise<Opened> {
    const pool = openPool(url, 2, report)
    const connection = asConnection(pool)
    const queue = new onPostgres.Queue<WakeJob, void, 'wake'>(name, { ...options, connection })
    queue.on('error', report)
    const close = () =>
      closeAll(
        () => queue.close(),
        () => pool.end(),
      )
    try {
      await queue.waitUntilReady()
    } catch (error) {
      await close()
      throw error
    }
    return { add: (job) => queue.add('wake', job), close }
  }

  function current(): Promise<Opened> {
    if (opening) return opening
    const attempt = open()
    opening = attempt
    // What is added next tries again.
    attempt.catch((error) => {
      report(error)
      opening = null
    })
    return attempt
  }

  current().catch(() => {})
  return {
    add: async (job) => await (await current()).add(job),
    async close() {
      await closeAll(async () => await (await opening)?.close())
    },
  }
}

export function openPostgresWorker({
  url,
  name,
  options,
  processor,
  report,
}: Options<WorkerOptions> & { processor(job: { data: WakeJob }): Promise<void> }): OpenWorker {
  const closing = new AbortController()
  let closeOpened = async (): Promise<void> => {}
  const opening = open()

  async function open(): Promise<void> {
    while (!closing.signal.aborted) {
      const pool = openPool(url, 4, report)
      const connection = asConnection(pool)
      const worker = new onPostgres.Worker<WakeJob>(name, processor, {
        ...options,
        autorun: false,
        connection,
      })
      worker.on('error', report)
      closeOpened = () =>
        closeAll(
          () => worker.close(),
          () => pool.end(),
        )
      try {
        await worker.waitUntilReady()
        if (!closing.signal.aborted) worker.run().catch(report)
        return
      } catch (error) {
        report(error)
        await closeOpened()
        await wait(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {})
      }
    }
  }

  return {
    ready: () => opening,
    async close() {
      closing.abort()
      await withDeadline(opening, CLOSE_TIMEOUT_MS).catch(() => {})
      await closeOpened()
    },
  }
}

function openPool(connectionString: string, max: number, report: (error: unknown) => void): pg.Pool {
  const pool = new pg.Pool({ connectionString, max, keepAlive: true, options: SESSION_SETTINGS })
  pool.on('error', report)
  return pool
}

/**
 * BullMQ is given a pool rather than a URL: under native ES modules it cannot load `pg` by itself. It recognises a `pg.Pool` at run time; its
 * type for one merely lacks the overloads of the real class.
 */
function asConnection(pool: pg.Pool): PostgresConnectionOptions {
  return pool as unknown as PostgresConnectionOptions
}
