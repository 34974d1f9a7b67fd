/** Both transports must behave alike; Redis takes part where the machine has one. */
import { createServer } from 'node:net'
import { silentLog } from '@phonevoice/base'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  createBus,
  createWakeListener,
  createWakeQueue,
  migrateQueue,
  type QueueConnection,
} from './index.ts'

type Wake = { kind: 'work' | 'delivery'; id: string }
type Message =
  | { topic: 'call-events'; callId: string }
  | { topic: 'call-end'; callId: string; nodeId: string }

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  await migrateQueue(database.url)
})
afterAll(() => database.drop())

/** A port nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const redisUrl = inject('redisUrl')
const transports: [string, () => QueueConnection][] = [
  ['postgres', () => ({ redisUrl: null, postgresUrl: database.url, log: silentLog })],
  ...(redisUrl
    ? [
        ['redis', () => ({ redisUrl, postgresUrl: database.url, log: silentLog })] as [
          string,
          () => QueueConnection,
        ],
      ]
    : []),
]

describe.each(transports)('wake-ups on %s', (_, connection) => {
  test('reach a listener, each id at least once', async () => {
    const heard = new Set<string>()
    const listener = createWakeListener<Wake>({ ...connection(), onWake: (wakeUp) => heard.add(wakeUp.id) })
    await listener.ready()
    const queue = createWakeQueue<Wake>(connection())
    const ids = Array.from({ length: 500 }, (_, index) => `work_${index}`)
    // What is sent before the first connection stands may be lost; that is the contract.
    await expect
      .poll(() => {
        if (!heard.has('probe')) queue.wake({ kind: 'work', id: 'probe' })
        return heard.has('probe')
      })
      .toBe(true)
    for (const id of ids) queue.wake({ kind: 'work', id })
    await expect.poll(() => heard.size, { timeout: 5000 }).toBe(ids.length + 1)
    await queue.close()
    await queue.close()
    await listener.close()
  })

  test('a wake-up sent by one process is taken by one of several listeners', async () => {
    let heard = 0
    const listeners = [0, 1].map(() => createWakeListener<Wake>({ ...connection(), onWake: () => heard++ }))
    await Promise.all(listeners.map((listener) => listener.ready()))
    const queue = createWakeQueue<Wake>(connection())
    await expect
      .poll(() => {
        if (heard === 0) queue.wake({ kind: 'work', id: 'one' })
        return heard
      })
      .toBeGreaterThan(0)
    await queue.close()
    await Promise.all(listeners.map((listener) => listener.close()))
  })
})

describe.each(transports)('the bus on %s', (_, connection) => {
  test('carries messages to the subscribers of their topic only', async () => {
    const listening = createBus<Message>(connection())
    const talking = createBus<Message>(connection())
    const ends: Message[] = []
    const all: Message[] = []
    const endsOnly = listening.subscribe('call-end', (message) => ends.push(message))
    const both = listening.subscribe(['call-end', 'call-events'], (message) => all.push(message))
    await Promise.all([endsOnly.ready, both.ready])
    await expect
      .poll(() => {
        talking.publish({ topic: 'call-events', callId: 'call_1' })
        return all.length
      })
      .toBeGreaterThan(0)
    talking.publish({ topic: 'call-end', callId: 'call_2', nodeId: 'node_1' })
    await expect.poll(() => ends).toEqual([{ topic: 'call-end', callId: 'call_2', nodeId: 'node_1' }])
    expect(all.filter((message) => message.topic === 'call-end')).toHaveLength(1)
    endsOnly.close()
    talking.publish({ topic: 'call-end', callId: 'call_3', nodeId: 'node_1' })
    await expect.poll(() => all.filter((message) => message.topic === 'call-end')).toHaveLength(2)
    expect(ends).toHaveLength(1)
    await Promise.all([listening.close(), talking.close()])
  })

  test('a handler that throws does not keep the message from the others', async () => {
    const bus = createBus<Message>(connection())
    const heard: Message[] = []
    const broken = bus.subscribe('call-end', () => {
      throw new Error('broken')
    })
    const whole = bus.subscribe('call-end', (message) => heard.push(message))
    await Promise.all([broken.ready, whole.ready])
    await expect
      .poll(() => {
        bus.publish({ topic: 'call-end', callId: 'call_1', nodeId: 'n' })
        return heard.length
      })
      .toBeGreaterThan(0)
    await bus.close()
  })
})

describe.each(transports)('a bus on %s that closes while it connects', (_, connection) => {
  test('tells who waits, and nobody else', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      const bus = createBus<Message>(connection())
      bus.subscribe('call-events', () => {})
      const { ready } = bus.subscribe('call-end', () => {})
      const outcome = ready.then(
        () => 'listening',
        () => 'told',
      )
      await bus.close()
      expect(await outcome).toBe('told')
      // Node reports a rejection nobody took once the turn in which it happened is over.
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})

describe('when the other side is away', () => {
  test('waking and publishing return at once, and closing settles within seconds', async () => {
    const port = await closedPort()
    for (const away of [
      { redisUrl: `redis://127.0.0.1:${port}`, postgresUrl: database.url, log: silentLog },
      { redisUrl: null, postgresUrl: `postgres://nobody@127.0.0.1:${port}/none`, log: silentLog },
    ]) {
      const queue = createWakeQueue<Wake>(away)
      const bus = createBus<Message>(away)
      const startedMs = performance.now()
      for (let index = 0; index < 20_000; index++) {
        queue.wake({ kind: 'work', id: `work_${index}` })
        bus.publish({ topic: 'call-events', callId: `call_${index}` })
      }
      expect(performance.now() - startedMs).toBeLessThan(2000)
      await Promise.all([queue.close(), bus.close()])
    }
  }, 30_000)

  test('the Postgres bus listens again after its connections were killed', async () => {
    const bus = createBus<Message>({ redisUrl: null, postgresUrl: database.url, log: silentLog })
    const heard: string[] = []
    await bus.subscribe('call-events', (message) => heard.push(message.callId)).ready
    expect(await database.killConnections()).toBeGreaterThan(0)
    await expect
      .poll(
        () => {
          bus.publish({ topic: 'call-events', callId: 'after' })
          return heard.includes('after')
        },
        { timeout: 10_000, interval: 100 },
      )
      .toBe(true)
    await bus.close()
  })
})

test('on postgres, both sides started before there is a database leave the process its turn, and work once there is one', async () => {
  const later = await createTestDatabase(inject('postgresUrl'))
  const admin = new pg.Client({ connectionString: inject('postgresUrl') })
  await admin.connect()
  const name = new URL(later.url).pathname.slice(1)
  await admin.query(`alter database ${name} rename to ${name}_away`)

  const reported: unknown[] = []
  const log = { ...silentLog, warn: (...line: unknown[]) => void reported.push(line) }
  const connection = { redisUrl: null, postgresUrl: later.url, log }
  const heard = new Set<string>()
  const listener = createWakeListener<Wake>({ ...connection, onWake: (wakeUp) => heard.add(wakeUp.id) })
  const queue = createWakeQueue<Wake>(connection)
  await expect.poll(() => reported.length, { timeout: 5000 }).toBeGreaterThanOrEqual(2)

  await admin.query(`alter database ${name}_away rename to ${name}`)
  await migrateQueue(later.url)
  await listener.ready()
  await expect
    .poll(
      () => {
        queue.wake({ kind: 'work', id: 'work_1' })
        return [...heard]
      },
      { timeout: 10_000 },
    )
    .toEqual(['work_1'])
  await Promise.all([listener.close(), queue.close()])
  await later.drop()
  await admin.end()
})
