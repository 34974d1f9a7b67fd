/**
 * `npm run chaos`: shows that nothing is lost or doubled while processes are killed. `--calls 20000` for a full run; `--seed` repeats an earlier one.
 * It brings its own Postgres (and Redis, with `--redis`), and takes about a second for 15 calls.
 */
import { parseArgs } from 'node:util'
import { createTestDatabase } from '@phonevoice/db/test-database'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { runChaos } from './run-chaos.ts'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '300' },
    rate: { type: 'string', default: '20' },
    seed: { type: 'string' },
    kills: { type: 'string' },
    terminates: { type: 'string' },
    postgres: { type: 'string' },
    redis: { type: 'boolean', default: false },
  },
})
const calls = Number(values.calls)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const say = (line: string): void => console.log(line)
say(`seed ${seed}`)

// So that everything started here goes with us.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const postgresServer = await startPostgres()
const database = await createTestDatabase(postgresServer.url)
const redisServer = values.redis ? await startRedis() : null
let isKept = false
try {
  const report = await runChaos({
    calls,
    seed,
    callsPerSecond: Number(values.rate),
    kills: Number(values.kills ?? Math.ceil(calls / 20)),
    terminates: Number(values.terminates ?? Math.ceil(calls / 40)),
    redis: redisServer === null ? 0 : Math.min(50, Math.ceil(calls / 50)),
    postgres: Number(values.postgres ?? Math.ceil(calls / 1000)),
    databaseUrl: database.url,
    redisServer,
    postgresServer,
    say,
  })
  const { violations, ...figures } = report
  say(JSON.stringify(figures, null, 2))
  for (const violation of violations) say(`VIOLATION ${violation}`)
  isKept = violations.length === 0
  say(isKept ? 'every promise was kept' : `${violations.length} violations; seed ${seed}`)
} catch (error) {
  console.error(error)
} finally {
  await redisServer?.stop()
  await postgresServer.stop()
}
process.exit(isKept ? 0 : 1)
