/**
 * How soon an event is with its receiver once it is committed, and how many a second: real worker, real database, receiver and writer in processes of
 * their own. Beside it the floor of the same run: bare signed POSTs to the same receiver.
 */
import type { Child, Usage } from './harness/child.ts'
import { cpuPercent, difference, spreadOf } from './harness/figures.ts'
import { openProduct } from './harness/product.ts'
import type { Cell } from './harness/report.ts'
import { runBenchmark } from './harness/run.ts'
import type { PostJob } from './webhooks/bare-post.ts'
import { createLiveCalls } from './webhooks/live-calls.ts'
import { allArrived, delaysOf, type Moments } from './webhooks/measure.ts'
import type { WriteJob } from './webhooks/writer.ts'

/** Of the floor: about what deliveries of one organization use. */
const CONNECTIONS = 64
const FLOOR_SECONDS = 5
const FLOOR_POSTS = 20_000
/** Statements under way at once while a burst is written. */
const WRITERS = 16

interface Measured {
  name: string
  /** First to last commit, or first to last POST. */
  begun: Moments
  arrivals: Moments
  repeated: number
  sender: { before: Usage; after: Usage }
  /** Of Postgres; null where the system does not tell. */
  databaseCpuMs: number | null
  /** Begun long before anything was sent. */
  isBacklog?: boolean
}

await runBenchmark(
  {
    name: 'webhooks',
    settings: {
      rate: { default: 200, max: 5000, sentence: 'Events committed per second in the steady part.' },
      seconds: { default: 20, max: 300, sentence: 'How long that goes on.' },
      burst: {
        default: 5000,
        max: 50_000,
        sentence: 'Events committed as fast as they go afterwards; 0 leaves it out.',
      },
      calls: { default: 200, max: 2000, sentence: 'Live calls the events belong to.' },
      organizations: { default: 4, max: 50, sentence: 'Organizations the calls belong to.' },
    },
  },
  async ({ settings, onEnd, say }) => {
    const product = await openProduct({ onEnd, say })
    const env = { DATABASE_URL: product.databaseUrl }
    const receiver = await product.startProcess(
      'receiver',
      new URL('./webhooks/receiver.ts', import.meta.url),
    )
    const url = await receiver.ask<string>('url')
    const bare = await product.startProcess('bare-post', new URL('./webhooks/bare-post.ts', import.meta.url))
    const writer = await product.startProcess('writer', new URL('./webhooks/writer.ts', import.meta.url), env)

    async function measure(name: string, sender: Child, begin: () => Promise<Moments>): Promise<Measured> {
      say(name)
      await Promise.all([receiver.ask('take'), receiver.usage()])
      const before = await sender.usage()
      const databaseCpuBefore = product.databaseCpuMs()
      const begun = await begin()
      await allArrived(receiver, begun.length)
      const after = await sender.usage()
      const taken = await receiver.ask<{ arrivals: Moments; repeated: number }>('take')
      const databaseCpuMs = difference(databaseCpuBefore, product.databaseCpuMs())
      return { name, begun, ...taken, sender: { before, after }, databaseCpuMs }
    }
    const post = (job: Omit<PostJob, 'url' | 'connections'>) => () =>
      bare.ask<Moments>('post', { url, connections: CONNECTIONS, ...job })
    const { rate, seconds, burst } = settings
    await post({ count: 2000, perSecond: 0 })()
    const results = [
      await measure(
        `floor: bare POSTs, ${rate}/s`,
        bare,
        post({ count: rate * FLOOR_SECONDS, perSecond: rate }),
      ),
      await measure('floor: bare POSTs, flat out', bare, post({ count: FLOOR_POSTS, perSecond: 0 })),
    ]
    await bare.stop()

    say('creating calls')
    const callIds = await createLiveCalls(product, { ...settings, webhookUrl: url })
    let worker = await product.startApp('worker')
    let firstTurn = 1
    const write = (job: Omit<WriteJob, 'callIds' | 'firstTurn'>) => async () => {
      const moments = await writer.ask<Moments>('write', { callIds, firstTurn, ...job })
      firstTurn += Math.ceil(job.count / callIds.length)
      return moments
    }
    await measure('warming up', worker, write({ count: rate * 2, perSecond: rate, concurrency: WRITERS }))
    results.push(
      await measure(
        `commit to receiver, ${rate}/s`,
        worker,
        write({ count: rate * seconds, perSecond: rate, concurrency: WRITERS }),
      ),
    )
    if (burst > 0)
      results.push(
        await measure(
          `commit to receiver, burst of ${burst}`,
          worker,
          write({ count: burst, perSecond: 0, concurrency: WRITERS }),
        ),
      )
    if (burst > 0) {
      await worker.stop()
      const moments = await write({ count: burst, perSecond: 0, concurrency: WRITERS })()
      await receiver.ask('take')
      worker = await product.startApp('worker')
      results.push({
        ...(await measure(`backlog of ${burst}, worker just started`, worker, async () => moments)),
        isBacklog: true,
      })
    }
    return {
      tables: [
        {
          title: 'Webhooks',
          columns: [
            { key: 'what', label: '' },
            { key: 'events' },
            { key: 'committed_per_second', label: 'begun/s' },
            { key: 'received_per_second', label: 'received/s' },
            { key: 'p50_ms', label: 'p50 ms', digits: 1 },
            { key: 'p95_ms', label: 'p95 ms', digits: 1 },
            { key: 'p99_ms', label: 'p99 ms', digits: 1 },
            { key: 'max_ms', label: 'max ms', digits: 1 },
            { key: 'missing' },
            { key: 'repeated' },
            { key: 'sender_cpu_percent', label: 'sender cpu %' },
            { key: 'sender_cpu_us_per_event', label: 'cpu µs/event' },
            { key: 'database_cpu_us_per_event', label: 'db cpu µs/event' },
            { key: 'sender_lag_p99_ms', label: 'lag ms', digits: 1 },
          ],
          rows: results.map(toRow),
        },
      ],
      notes: [
        'the time runs from the commit’s confirmation (for the floor: from just before signing) to the last byte of the request at the receiver',
        'begun/s: committed or posted; received/s: from the first of those (backlog: from the first arrival) to the last arrival. The sender is the worker, or the process that posts',
        `the worker keeps 50 deliveries of an organization under way; the floor has ${CONNECTIONS} connections. Wake-ups travel through Postgres`,
      ],
    }
  },
)

function toRow({
  name,
  begun,
  arrivals,
  repeated,
  sender,
  databaseCpuMs,
  isBacklog = false,
}: Measured): Cell[] {
  const { count, ...delay } = spreadOf(delaysOf(begun, arrivals))
  const { p50, p95, p99, max } = isBacklog ? spreadOf([]) : delay
  const begunAt = spanOf(begun)
  const arrived = spanOf(arrivals)
  const { before, after } = sender
  return [
    name,
    begun.length,
    (1000 * begun.length) / (begunAt.last - begunAt.first),
    (1000 * count) / (arrived.last - (isBacklog ? arrived.first : begunAt.first)),
    p50,
    p95,
    p99,
    max,
    begun.length - count,
    repeated,
    cpuPercent(before, after),
    (1000 * (after.cpuMs - before.cpuMs)) / begun.length,
    databaseCpuMs === null ? null : (1000 * databaseCpuMs) / begun.length,
    after.lag.p99Ms,
  ]
}

function spanOf(moments: Moments): { first: number; last: number } {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const [, at] of moments) {
    if (at < first) first = at
    if (at > last) last = at
  }
  return { first, last }
}
