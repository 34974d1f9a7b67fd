/**
 * How many requests a second one api process answers, beside the floor of the same run: the same HTTP server inserting one bare row into the same
 * Postgres. Mistyped keys are refused without a database read: Postgres is asked which of its sessions ran a statement meanwhile. No
 * worker runs, so the calls that are created are never dialled.
 */
import { createCall } from '@phonevoice/services/calls'
import type { HttpLoad, HttpLoaded } from './api/http-load.ts'
import type { Child, Lag, Usage } from './harness/child.ts'
import { cpuPercent, difference } from './harness/figures.ts'
import { openProduct, type Product } from './harness/product.ts'
import type { Cell, Table } from './harness/report.ts'
import { runBenchmark } from './harness/run.ts'

const WARM_SECONDS = 1

interface Measured {
  load: HttpLoaded
  /** Sessions of Postgres that ran a statement meanwhile, whosever they are. */
  sessionsUsed: number
  cpu: number
  /** Of Postgres; null where the system does not tell. */
  databaseCpuMs: number | null
  lag: Lag
  generator: { cpu: number; lag: Lag }
}

await runBenchmark(
  {
    name: 'api',
    settings: {
      connections: { default: 32, max: 256, sentence: 'Requests under way at once.' },
      seconds: { default: 5, max: 60, sentence: 'How long each kind of request is sent.' },
    },
  },
  async ({ settings, onEnd, say }) => {
    const product = await openProduct({ onEnd, say })
    const api = await product.startApp('api')
    const bare = await product.startProcess('bare-insert', new URL('./api/bare-insert.ts', import.meta.url), {
      DATABASE_URL: product.databaseUrl,
    })
    const generator = await product.startProcess('http-load', new URL('./api/http-load.ts', import.meta.url))
    const callsUrl = `${product.urls.api}/v1/calls`
    const authorization = `Bearer ${product.seed.testKey}`
    const json = { 'content-type': 'application/json' }
    const body = JSON.stringify({
      phone_number: '+12025550100',
      assistant_id: product.seed.assistantId,
      webhook_url: 'https://example.com/hooks',
    })

    async function measure(
      server: Child,
      request: Omit<HttpLoad, 'connections' | 'seconds'>,
    ): Promise<Measured> {
      const { connections, seconds } = settings
      await generator.ask('load', { ...request, connections, seconds: WARM_SECONDS })
      const startedAt = await databaseTime(product)
      const before = await look(server, generator)
      const databaseCpuBefore = product.databaseCpuMs()
      const load = await generator.ask<HttpLoaded>('load', { ...request, connections, seconds })
      const after = await look(server, generator)
      const databaseCpuMs = difference(databaseCpuBefore, product.databaseCpuMs())
      return {
        load,
        sessionsUsed: await countSessionsUsed(product, startedAt),
        cpu: cpuPercent(before.server, after.server),
        databaseCpuMs,
        lag: after.server.lag,
        generator: { cpu: cpuPercent(before.generator, after.generator), lag: after.generator.lag },
      }
    }

    const rows: [string, Measured][] = []
    const add = async (name: string, server: Child, request: Omit<HttpLoad, 'connections' | 'seconds'>) => {
      say(name)
      rows.push([name, await measure(server, request)])
    }
    const bareInsert = { url: await bare.ask<string>('url'), method: 'POST', headers: json, body } as const
    const create = { url: callsUrl, method: 'POST', headers: { authorization, ...json }, body } as const
    const call = JSON.parse((await createOne(product)).body) as { id: string }
    await add('floor: one bare insert', bare, bareInsert)
    await add('POST /v1/calls', api, create)
    await add('POST /v1/calls, Idempotency-Key', api, { ...create, hasKeys: true })
    await add('floor again', bare, bareInsert)
    await add('GET /v1/calls/{id}', api, {
      url: `${callsUrl}/${call.id}`,
      method: 'GET',
      headers: { authorization },
    })
    await add('mistyped key: 401, then 429', api, {
      ...create,
      headers: { ...json, authorization: `Bearer ${mistyped(product.seed.testKey)}` },
    })
    const floor = (rateOf(rows[0]) + rateOf(rows[3])) / 2
    return {
      tables: [toTable(rows, floor)],
      notes: [
        'floor: hono, @hono/node-server and postgres.js as in the api, 10 connections, one insert of the request’s body; % floor is of the mean of its two runs',
        'cpu % is of one core, all threads; lag is the 99th percentile of the event loop’s delay. Server, Postgres and generator share the machine',
        'db sessions: Postgres sessions that ran any statement meanwhile (pg_stat_activity); 0 says that nothing was read',
      ],
    }
  },
)

function toTable(rows: readonly [string, Measured][], floor: number): Table {
  return {
    title: 'Requests',
    columns: [
      { key: 'request' },
      { key: 'per_second', label: 'req/s' },
      { key: 'percent_of_floor', label: '% floor' },
      { key: 'p50_ms', label: 'p50 ms', digits: 1 },
      { key: 'p95_ms', label: 'p95 ms', digits: 1 },
      { key: 'p99_ms', label: 'p99 ms', digits: 1 },
      { key: 'status' },
      { key: 'cpu_percent', label: 'cpu %' },
      { key: 'cpu_us_per_request', label: 'cpu µs/req' },
      { key: 'database_cpu_us_per_request', label: 'db cpu µs/req' },
      { key: 'lag_p99_ms', label: 'lag ms', digits: 1 },
      { key: 'generator_cpu_percent', label: 'gen cpu %' },
      { key: 'generator_lag_p99_ms', label: 'gen lag ms', digits: 1 },
      { key: 'database_sessions_used', label: 'db sessions' },
    ],
    rows: rows.map((row) => toCells(row, floor)),
  }
}

function toCells(row: [string, Measured], floor: number): Cell[] {
  const [name, { load, sessionsUsed, cpu, databaseCpuMs, lag, generator }] = row
  const { p50, p95, p99 } = load.latencyMs
  const statuses = Object.entries(load.answers).map(([status, times]) => `${status}×${times}`)
  if (load.errors > 0) statuses.push(`no answer×${load.errors}`)
  return [
    name,
    rateOf(row),
    (100 * rateOf(row)) / floor,
    p50,
    p95,
    p99,
    statuses.join(' '),
    cpu,
    (10_000 * cpu) / rateOf(row),
    databaseCpuMs === null ? null : (1000 * databaseCpuMs) / load.latencyMs.count,
    lag.p99Ms,
    generator.cpu,
    generator.lag.p99Ms,
    sessionsUsed,
  ]
}

function rateOf(row: [string, Measured] | undefined): number {
  return row ? row[1].load.latencyMs.count / row[1].load.seconds : 0
}

async function look(server: Child, generator: Child): Promise<{ server: Usage; generator: Usage }> {
  const [one, other] = await Promise.all([server.usage(), generator.usage()])
  return { server: one, generator: other }
}

async function databaseTime({ ctx }: Product): Promise<string> {
  const [row] = await ctx.db.sql<{ now: string }[]>`select clock_timestamp()::text as now`
  return row?.now ?? ''
}

/** Exact, unlike the server's counters, which sessions bring up to date seconds later. Our own session does not count. */
async function countSessionsUsed({ ctx }: Product, since: string): Promise<number> {
  const [row] = await ctx.db.sql<{ count: number }[]>`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and query_start >= ${since}::text::timestamptz and application_name <> 'benchmark'`
  return row?.count ?? 0
}

/** One changed letter in front of the checksum. */
function mistyped(key: string): string {
  const at = 'pv_test_'.length
  return key.slice(0, at) + (key[at] === 'x' ? 'y' : 'x') + key.slice(at + 1)
}

async function createOne({ ctx, seed }: Product) {
  return await createCall(ctx, {
    organizationId: seed.organizationId,
    mode: 'test',
    request: { phone_number: '+12025550100', assistant_id: seed.assistantId },
    idempotency: null,
  })
}
