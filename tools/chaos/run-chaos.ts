/**
 * Calls are created, dialled, answered, ended and told of while their processes are killed, their database connections cut and their queue wiped, at
 * random points that a seed repeats. Afterwards four witnesses are compared: client, receiver, carrier and
 * database.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { createRandom } from '../random.ts'
import { checkCalls } from './check-calls.ts'
import { checkDeliveries } from './check-deliveries.ts'
import { type Created, createClient } from './client.ts'
import { readDeliveryFacts } from './delivery-facts.ts'
import { describeViolation } from './describe-violation.ts'
import { countReasons, countUnfinished, readLives } from './gather.ts'
import { doHarm, type Harm, type HarmCounts, planHarm } from './harm.ts'
import { givePhones, watchCarrier } from './phones.ts'
import type { ChaosPostgres } from './postgres.ts'
import { startProduct } from './product.ts'
import { findLate, type Recovery, summarize, watchRecovery } from './recovery.ts'
import type { ChaosRedis } from './redis.ts'

export interface ChaosOptions extends HarmCounts {
  calls: number
  seed: number
  callsPerSecond: number
  /** An empty, migrated or unmigrated database that nobody else uses. */
  databaseUrl: string
  /** Null: the queue is on Postgres. */
  redisServer: ChaosRedis | null
  /** The server that `databaseUrl` is on. Null: it is not ours to kill. */
  postgresServer: ChaosPostgres | null
  say(line: string): void
}

export interface ChaosReport {
  /** One line each; none when every promise was kept. */
  violations: string[]
  calls: number
  events: number
  /** Webhooks that arrived, and how many of them not for the first time. */
  received: number
  repeated: number
  /** How often each ended reason occurred. */
  endedReasons: Record<string, number>
  harm: HarmCounts
  /** Keys that twenty clients used at the same time. */
  races: number
  /** How long after the database or the queue was back everything was as before. */
  recoveries: ReturnType<typeof summarize>
  seconds: number
}

/** After the last call and the last harm everything must be over within this. */
const SETTLE_MS = 240_000
const WATCH_EVERY_MS = 5000

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedAtMs = Date.now()
  const random = createRandom(options.seed)
  const plan = planHarm(options, options.calls, random)
  const product = await startProduct({
    databaseUrl: options.databaseUrl,
    redis: options.redisServer,
    postgres: options.postgresServer,
  })
  try {
    await liftLimits(product.sql)
    const { seed, urls } = product.installation
    const client = createClient({
      apiUrl: urls.api,
      apiKey: seed.testKey,
      assistantId: seed.assistantId,
      webhookUrl: product.webhookUrl,
      seed: options.seed,
      random,
      numbers: await givePhones(product),
    })
    const carrier = watchCarrier(product)
    const watching = setInterval(() => void carrier.look().catch(() => {}), WATCH_EVERY_MS)

    const creating: Promise<Created>[] = []
    const recoveries: Recovery[] = []
    const refusals: string[] = []
    let probes = 0
    let workerKilledAtMs = 0

    async function harmAndWatch(harm: Harm): Promise<void> {
      const probe = options.calls + ++probes
      const tryCall = (): Promise<string | null> => client.tryCreate(probe)
      if (harm.kind === 'kill' && harm.victim === 'worker') workerKilledAtMs = Date.now()
      const harming = doHarm(product, harm).catch((error: unknown) => {
        throw new Error(`Harm could not be done: ${harm.kind}`, { cause: error })
      })
      harming.catch(() => {})
      // The queue is no part of what a client waits for. The first try may meet a database connection that was cut just before.
      const refusal = harm.kind === 'redis' && (await tryCall()) !== null ? await tryCall() : null
      if (refusal !== null) refusals.push(`a call was not accepted while Redis was away: ${refusal}`)
      await harming
      const recovery = await watchRecovery(harm, product.sql, tryCall, workerKilledAtMs)
      if (recovery === null) return
      recoveries.push(recovery)
      creating.push(client.create(probe))
    }

    let harmed = Promise.resolve()
    for (let number = 1; number <= options.calls; number++) {
      const created = client.create(number)
      created.catch(() => {})
      creating.push(created)
      while (plan[0] && plan[0].afterCalls <= number) {
        const harm = plan.shift()
        if (harm) harmed = harmed.then(() => harmAndWatch(harm))
      }
      harmed.catch(() => {})
      if (number % 500 === 0) options.say(`${number} calls created`)
      await wait(1000 / options.callsPerSecond)
    }
    await harmed
    const created = await Promise.all(creating)
    options.say(`${created.length} calls created and all harm done; waiting for the rest`)
    await settle(() => countUnfinished(product))
    clearInterval(watching)
    await carrier.look()
    const lives = await readLives(product)
    const receipts = product.receipts()
    const deliveries = await readDeliveryFacts(product.sql)
    return {
      violations: [
        ...refusals,
        ...findLate(recoveries),
        ...checkCalls({ ...lives, created, carrierCalls: carrier.calls() }),
        ...checkDeliveries(deliveries, receipts, { isSettled: true }).map((violation) =>
          describeViolation(violation, deliveries, receipts),
        ),
      ],
      calls: lives.calls.length,
      events: lives.events.length,
      received: receipts.length,
      repeated: receipts.length - new Set(receipts.map(({ body }) => JSON.parse(body).id)).size,
      endedReasons: await countReasons(product),
      harm: {
        kills: options.kills,
        terminates: options.terminates,
        redis: options.redis,
        postgres: options.postgres,
      },
      races: created.filter(({ callIds }) => callIds.length > 2).length,
      recoveries: summarize(recoveries),
      seconds: Math.round((Date.now() - startedAtMs) / 1000),
    }
  } finally {
    await product.stop()
  }
}

type Sql = Awaited<ReturnType<typeof startProduct>>['sql']

/** What is tested here is not how calls are rationed. */
async function liftLimits(sql: Sql): Promise<void> {
  await sql`
    insert into organization_limits (organization_id, concurrent_calls, calls_per_minute, creates_per_second, requests_per_second, updated_at)
    select id, 1000, 100000, 10000, 10000, now() from organizations
    on conflict do nothing`
}

async function settle(countLeft: () => Promise<number>): Promise<void> {
  const deadline = Date.now() + SETTLE_MS
  while (Date.now() < deadline && (await countLeft()) > 0) await wait(500)
}
