import { expect, test } from 'vitest'
import { createGather } from './gather.ts'

/** A run whose batches are kept until they are let go. */
function held() {
  const batches: number[][] = []
  const letGo: (() => void)[] = []
  const run = (items: readonly number[]) => {
    batches.push([...items])
    return new Promise<number[]>((resolve) => letGo.push(() => resolve(items.map((item) => item * 10))))
  }
  return { batches, letGo, run }
}

test('what comes in one turn goes together, and each gets its own answer', async () => {
  const { batches, letGo, run } = held()
  const gather = createGather({ run, sizeMax: 10 })
  const answers = Promise.all([1, 2, 3].map(gather))
  await expect.poll(() => letGo.length).toBe(1)
  letGo[0]?.()
  expect(await answers).toEqual([10, 20, 30])
  expect(batches).toEqual([[1, 2, 3]])
})

test('what comes while a batch is under way goes with the next, no more than fit', async () => {
  const { batches, letGo, run } = held()
  const gather = createGather({ run, sizeMax: 2 })
  const first = gather(1)
  await expect.poll(() => letGo.length).toBe(1)
  const others = Promise.all([2, 3, 4].map(gather))
  letGo[0]?.()
  expect(await first).toBe(10)
  await expect.poll(() => letGo.length).toBe(2)
  letGo[1]?.()
  await expect.poll(() => letGo.length).toBe(3)
  letGo[2]?.()
  expect(await others).toEqual([20, 30, 40])
  expect(batches).toEqual([[1], [2, 3], [4]])
})

test('as many batches are under way as there are lanes', async () => {
  const { batches, letGo, run } = held()
  const gather = createGather({ run, sizeMax: 1, lanes: 2 })
  const answers = Promise.all([1, 2, 3].map(gather))
  await expect.poll(() => letGo.length).toBe(2)
  expect(batches).toEqual([[1], [2]])
  letGo[1]?.()
  await expect.poll(() => letGo.length).toBe(3)
  for (const go of letGo) go()
  expect(await answers).toEqual([10, 20, 30])
})

test('after a pause the next batch begins by itself', async () => {
  const batches: number[][] = []
  const run = async (items: readonly number[]) => {
    batches.push([...items])
    return items
  }
  const gather = createGather({ run, sizeMax: 10, pauseMs: 20 })
  await gather(1)
  expect(await Promise.all([gather(2), gather(3)])).toEqual([2, 3])
  expect(batches).toEqual([[1], [2, 3]])
})

test('a quarter of a batch does not wait for the pause to end', async () => {
  const batches: number[][] = []
  const run = async (items: readonly number[]) => {
    batches.push([...items])
    return items
  }
  const gather = createGather({ run, sizeMax: 8, pauseMs: 1_000_000 })
  await gather(1)
  const late = gather(2)
  await new Promise((resolve) => setImmediate(resolve))
  expect(batches).toEqual([[1]])
  expect(await Promise.all([late, gather(3)])).toEqual([2, 3])
})

test('one that cannot be done fails alone where the error says so, and with its batch otherwise', async () => {
  const gatherWith = (message: string) =>
    createGather<number, number>({
      async run(items) {
        if (items.includes(2)) throw new Error(message)
        return items
      },
      sizeMax: 10,
      splits: (error) => error instanceof Error && error.message === 'bad item',
    })
  const states = async (message: string) => {
    const gather = gatherWith(message)
    const settled = await Promise.allSettled([1, 2, 3].map(gather))
    return settled.map(({ status }) => status)
  }
  expect(await states('bad item')).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await states('no connection')).toEqual(['rejected', 'rejected', 'rejected'])
})
