import { describe, expect, test } from 'vitest'
import { createOutbox } from './outbox.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))

describe('the outbox', () => {
  test('equal items that have not left are sent once, together with the others', async () => {
    const batches: string[][] = []
    const outbox = createOutbox<string>({
      key: (item) => item,
      send: async (batch) => void batches.push([...batch]),
      onLost: () => {},
    })
    for (const item of ['a', 'b', 'a', 'a']) outbox.add(item)
    await outbox.close()
    expect(batches).toEqual([['a', 'b']])
  })

  test('an item added while its like is under way is sent again', async () => {
    const batches: string[][] = []
    let arrived = () => {}
    const outbox = createOutbox<string>({
      key: (item) => item,
      send: (batch) => {
        batches.push([...batch])
        return new Promise<void>((resolve) => {
          arrived = resolve
        })
      },
      onLost: () => {},
    })
    outbox.add('a')
    await nextTurn()
    outbox.add('a')
    arrived()
    await nextTurn()
    arrived()
    await outbox.close()
    expect(batches).toEqual([['a'], ['a']])
  })

  test('the first leaves at once; what comes within the pause leaves together after it', async () => {
    const batches: string[][] = []
    const outbox = createOutbox<string>({
      key: (item) => item,
      send: async (batch) => void batches.push([...batch]),
      onLost: () => {},
      pauseMs: 300,
    })
    outbox.add('a')
    await expect.poll(() => batches.length).toBe(1)
    outbox.add('b')
    await nextTurn()
    outbox.add('c')
    await expect.poll(() => batches.flat().length).toBe(3)
    expect(batches).toEqual([['a'], ['b', 'c']])
    await outbox.close()
  })

  test('a full outbox drops the oldest and says how many', async () => {
    const sent: number[] = []
    const losses: number[] = []
    const outbox = createOutbox<number>({
      key: String,
      send: async (batch) => void sent.push(...batch),
      onLost: (count) => losses.push(count),
      sizeMax: 3,
    })
    for (let item = 0; item < 5; item++) outbox.add(item)
    await outbox.close()
    expect(sent).toEqual([2, 3, 4])
    expect(losses).toEqual([1])
  })

  test('a receiver that fails or hangs costs its batch and nothing else', async () => {
    const sent: string[] = []
    const outbox = createOutbox<string>({
      key: (item) => item,
      batchMax: 1,
      sendTimeoutMs: 20,
      async send([item]) {
        if (item === 'fails') throw new Error('refused')
        if (item === 'hangs') await new Promise(() => {})
        sent.push(item as string)
      },
      onLost: () => {},
    })
    for (const item of ['fails', 'hangs', 'arrives']) outbox.add(item)
    await expect.poll(() => sent).toEqual(['arrives'])
    await outbox.close()
  })
})
