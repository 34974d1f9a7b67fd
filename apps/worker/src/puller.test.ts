/** Time moves by hand. What hangs here hangs for ever: a database client that lost a query, a job that waits for nobody. */
import { silentLog, type Timer, type Timers } from '@phonevoice/base'
import { expect, test } from 'vitest'
import { createPuller, type PullerOptions } from './puller.ts'

function manualTimers(): Timers & { advance(ms: number): Promise<void> } {
  let now = 0
  const waiting = new Set<{ atMs: number; run: () => void }>()
  return {
    now: () => now,
    after(delayMs, run): Timer {
      const entry = { atMs: now + delayMs, run }
      waiting.add(entry)
      return { cancel: () => void waiting.delete(entry) }
    },
    every: () => ({ cancel() {} }),
    async advance(ms) {
      now += ms
      for (const entry of [...waiting].filter((one) => one.atMs <= now)) {
        waiting.delete(entry)
        entry.run()
      }
      await turns()
    },
  }
}

/** Lets everything that is ready happen. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

interface Item {
  id: string
  leaseToken: string
}

function pullerOf(timers: Timers, options: Pick<PullerOptions<Item>, 'claim' | 'run' | 'slots' | 'againMs'>) {
  const held = new Set<string>()
  const puller = createPuller<Item>({
    name: 'test',
    ...options,
    leases: {
      hold(item) {
        held.add(item.id)
        return () => void held.delete(item.id)
      },
      close() {},
    },
    timers,
    log: silentLog,
  })
  return { puller, held }
}

const item: Item = { id: 'work_1', leaseToken: 't' }

test('a claim that never answers does not stop the next one', async () => {
  const timers = manualTimers()
  let claims = 0
  const ran: string[] = []
  const { puller } = pullerOf(timers, {
    slots: 2,
    claim: () =>
      ++claims === 1
        ? new Promise(() => {})
        : Promise.resolve({ items: claims === 2 ? [item] : [], hasMore: false }),
    async run({ id }) {
      ran.push(id)
      return null
    },
  })
  puller.sweep()
  await turns()
  await timers.advance(19_999)
  puller.sweep()
  await turns()
  expect(claims).toBe(1)
  await timers.advance(1)
  puller.sweep()
  await turns()
  expect(ran).toEqual(['work_1'])
})

test('work that never ends gives its slot and its lease back', async () => {
  const timers = manualTimers()
  const { puller, held } = pullerOf(timers, {
    slots: 1,
    claim: async () => ({ items: [item], hasMore: false }),
    run: () => new Promise(() => {}),
  })
  puller.sweep()
  await turns()
  expect([puller.inHand, held.size]).toEqual([1, 1])
  await timers.advance(179_999)
  expect([puller.inHand, held.size]).toEqual([1, 1])
  const stopped = puller.stop(600_000)
  await timers.advance(1)
  expect([puller.inHand, held.size]).toEqual([0, 0])
  await stopped
})

test('what was named and could not be claimed is looked at once more, and then left to the sweep', async () => {
  const timers = manualTimers()
  const named: (readonly string[] | undefined)[] = []
  const { puller } = pullerOf(timers, {
    slots: 2,
    againMs: 50,
    async claim({ ids }) {
      named.push(ids)
      return { items: [], hasMore: false }
    },
    run: async () => null,
  })
  puller.nudge('dlv_1')
  await turns()
  for (let i = 0; i < 3; i++) await timers.advance(50)
  expect(named).toEqual([['dlv_1'], ['dlv_1']])
})

test('what a share left behind is looked for when something in hand has been settled, not before', async () => {
  const timers = manualTimers()
  const done: (() => void)[] = []
  let claims = 0
  const { puller } = pullerOf(timers, {
    slots: 10,
    async claim() {
      claims++
      return { items: claims < 3 ? [{ id: `work_${claims}`, leaseToken: 't' }] : [], hasMore: claims < 2 }
    },
    run: () => new Promise((resolve) => done.push(() => resolve(null))),
  })
  puller.sweep()
  await turns()
  await timers.advance(1000)
  expect([claims, puller.inHand]).toEqual([1, 1])
  done[0]?.()
  await turns()
  expect([claims, puller.inHand]).toEqual([2, 1])
})
