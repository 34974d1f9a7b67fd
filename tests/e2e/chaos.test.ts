/** The short form of `npm run chaos`: its checks are the same, its seed is new each time and is printed when something is found. */
import { createTestDatabase } from '@phonevoice/db/test-database'
import { expect, it } from 'vitest'
import { startPostgres } from '../../tools/chaos/postgres.ts'
import { runChaos } from '../../tools/chaos/run-chaos.ts'

it('forty calls lose and double nothing while processes and the database are killed and connections cut', async () => {
  const postgresServer = await startPostgres()
  const database = await createTestDatabase(postgresServer.url)
  const seed = Math.floor(Math.random() * 2 ** 31)
  try {
    const { violations, calls, races, harm } = await runChaos({
      calls: 40,
      callsPerSecond: 10,
      seed,
      kills: 6,
      terminates: 4,
      redis: 0,
      postgres: 1,
      databaseUrl: database.url,
      redisServer: null,
      postgresServer,
      say: () => {},
    })
    expect(violations, `seed ${seed}`).toEqual([])
    expect({ calls, races, ...harm }).toMatchObject({ calls: 41, kills: 6, terminates: 4, races: 1 })
  } finally {
    await database.drop()
    await postgresServer.stop()
  }
}, 300_000)
