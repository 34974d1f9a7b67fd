import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createTestWorld, type TestWorld } from '../work/test-world.ts'
import { announceNode } from './index.ts'

let world: TestWorld
beforeAll(async () => {
  world = await createTestWorld(inject('postgresUrl'))
})
afterAll(() => world.close())

const announce = (nodeId: string) =>
  announceNode(world.ctx, { nodeId, origin: 'wss://a.example.com', isReady: true, activeCalls: 0 })

async function nodeIds(): Promise<string[]> {
  const rows = await world.database.sql<{ id: string }[]>`select id from media_nodes order by id`
  return rows.map((row) => row.id)
}

test('a node that died is cleared away by the others, an hour later', async () => {
  await announce('node_dead')
  await announce('node_live')
  world.clock.advance(3_600_000)
  await announce('node_live')
  expect(await nodeIds()).toEqual(['node_dead', 'node_live'])
  world.clock.advance(2000)
  await announce('node_live')
  expect(await nodeIds()).toEqual(['node_live'])
})

test('a node that was silent for long comes back by itself', async () => {
  world.clock.advance(7_200_000)
  await announce('node_live')
  expect(await nodeIds()).toEqual(['node_live'])
})
