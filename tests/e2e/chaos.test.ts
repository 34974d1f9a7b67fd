/** The short form of `npm run chaos`: its checks are the same, its seed is new each time and is printed when something is found. */
import { createTestDatabase } from '@phonevoice/db/test-database'
import { expect, inject, it } from 'vitest'
import { runChaos } from '../../tools/chaos/run-chaos.ts'

it('forty calls lose and double nothing while processes are killed and connections cut', async () => {
  const database = await createTestDatabase(inject('postgresUrl'))
  const seed = Math.floor(Math.random() * 2 ** 31)
  try {
    const { violations, calls, harm } = await runChaos({
      calls: 40,
      callsPerSecond: 10,
      seed,
      kills: 6,
      terminates: 4,
      redis: 0,
      databaseUrl: database.url,
      redisServer: null,
      say: () => {},
    })
    expect(violations, `seed ${seed}`).toEqual([])
    expect({ calls, ...harm }).toMatchObject({ calls: 40, kills: 6, terminates: 4 })
  } finally {
    await database.drop()
  }
}, 300_000)
