/**
 * What one receiver's trouble costs the others: how soon an organization's events arrive while nothing else happens, while another organization floods a
 * slow receiver, and while its own other endpoints are hostile. Real worker, real database.
 */
import { createWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { spreadOf } from './harness/figures.ts'
import { openProduct, type Product } from './harness/product.ts'
import type { Cell } from './harness/report.ts'
import { runBenchmark } from './harness/run.ts'
import { flood, stateOfFlood } from './isolation/flood.ts'
import { createLiveCalls } from './webhooks/live-calls.ts'
import { measureWrites } from './webhooks/measure.ts'

const CALLS = 20
/** What the watched organization's 95th percentile may become: so many times its idle value, or so much more, whichever is more. */
const TIMES_MAX = 1.5
const MORE_MS_MAX = 50

interface Round {
  name: string
  /** Of each run. */
  p50: number[]
  p95: number[]
  missing: number
  remark: string
}

await runBenchmark(
  {
    name: 'isolation',
    settings: {
      runs: { default: 3, max: 20, sentence: 'How often each round is run; the median counts.' },
      seconds: { default: 5, max: 60, sentence: 'How long a run lasts.' },
      rate: { default: 20, max: 500, sentence: 'Events per second of the organization that is watched.' },
      flood: { default: 20_000, max: 200_000, sentence: 'Events of the organization that floods.' },
    },
  },
  async ({ settings, onEnd, say }) => {
    const product = await openProduct({ onEnd, say })
    const receiver = await product.startProcess(
      'receiver',
      new URL('./webhooks/receiver.ts', import.meta.url),
    )
    const hostile = await product.startProcess('hostile', new URL('./isolation/hostile.ts', import.meta.url))
    const writer = await product.startProcess('writer', new URL('./webhooks/writer.ts', import.meta.url), {
      DATABASE_URL: product.databaseUrl,
    })
    await product.startApp('worker')
    const url = await receiver.ask<string>('url')
    const { runs, seconds, rate } = settings

    async function round(name: string, begin: (run: number) => Promise<string[]>): Promise<Round> {
      const result: Round = { name, p50: [], p95: [], missing: 0, remark: '' }
      for (let run = 1; run <= runs; run++) {
        say(`${name}, run ${run}`)
        const callIds = await begin(run)
        // The first of each call, all at once.
        const first = { callIds, count: CALLS, perSecond: 0, concurrency: 4, firstTurn: 1 }
        await measureWrites({ receiver, writer, job: first })
        const job = { callIds, count: rate * seconds, perSecond: rate, concurrency: 4, firstTurn: 2 }
        const { begun, delays } = await measureWrites({ receiver, writer, job })
        const { count, p50, p95 } = spreadOf(delays)
        result.p50.push(p50 ?? Number.POSITIVE_INFINITY)
        result.p95.push(p95 ?? Number.POSITIVE_INFINITY)
        result.missing += begun.length - count
      }
      return result
    }
    const watched = () => createLiveCalls(product, { organizations: 1, calls: CALLS, webhookUrl: url })

    await round('warming up', watched)
    const idle = await round('idle', watched)
    const urls = await hostile.ask<string[]>('hostileUrls')
    const withHostile = await round('own endpoints hostile', async () => {
      const callIds = await watched()
      await addEndpoints(product, callIds[0] ?? '', urls)
      return callIds
    })
    say('flooding')
    const flooding = await flood(product, await hostile.ask<string>('slowUrl'), settings.flood)
    const flooded = await round('another floods', watched)
    const { attempted, waiting } = await stateOfFlood(product, flooding)
    flooded.remark = `${attempted} of the flood attempted, ${waiting} waiting`
    withHostile.remark = `${urls.length} endpoints: silent, dripping, endless, huge headers, no TLS, mute TLS`
    return {
      tables: [
        {
          title: 'Commit to receiver, of the organization that is watched',
          columns: [
            { key: 'round', label: '' },
            { key: 'runs' },
            { key: 'p50_ms', label: 'p50 ms', digits: 1 },
            { key: 'p95_ms', label: 'p95 ms', digits: 1 },
            { key: 'p95_min_ms', label: 'least', digits: 1 },
            { key: 'p95_max_ms', label: 'most', digits: 1 },
            { key: 'may_be_ms', label: 'may be', digits: 1 },
            { key: 'holds' },
            { key: 'missing' },
            { key: 'remark' },
          ],
          rows: [idle, withHostile, flooded].map((one) => toRow(one, idle)),
        },
      ],
      notes: [
        `p50 and p95: medians of the runs; p95 may be ${TIMES_MAX} × its idle value, or ${MORE_MS_MAX} ms more. ${CALLS} calls; hostile endpoints belong to a new organization in each run, so that no breaker is open when it begins`,
        'the slow receiver of the flood answers after a second',
      ],
    }
  },
)

async function addEndpoints({ ctx }: Product, callId: string, urls: readonly string[]): Promise<void> {
  const [call] = await ctx.db.sql<
    { organization_id: string }[]
  >`select organization_id from calls where id = ${callId}`
  for (const url of urls)
    await createWebhookEndpoint(ctx, {
      organizationId: call?.organization_id ?? '',
      mode: 'test',
      request: { url, events: ['transcription'] },
    })
}

function toRow(round: Round, idle: Round): Cell[] {
  const [idleP95, p95] = [median(idle.p95), median(round.p95)]
  const mayBe = round === idle ? null : Math.max(TIMES_MAX * idleP95, idleP95 + MORE_MS_MAX)
  return [
    round.name,
    round.p95.length,
    median(round.p50),
    p95,
    Math.min(...round.p95),
    Math.max(...round.p95),
    mayBe,
    mayBe === null ? null : p95 <= mayBe ? 'yes' : 'no',
    round.missing,
    round.remark,
  ]
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
