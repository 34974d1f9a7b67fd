import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openDatabase } from './database.ts'
import { migrate } from './migrate.ts'
import { apiKeys, organizations } from './schema/index.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase(inject('postgresUrl'))
  await db.sql`create table counters (id int primary key, count int not null)`
  await db.sql`insert into counters values (1, 0)`
})
afterAll(() => db.drop())

describe('values', () => {
  it('passes JSON, dates and arrays through the raw client as they are', async () => {
    const value = { a: [1, 'x'], 'quote"': null }
    const at = new Date(1_700_000_000_123)
    const [row] = await db.sql`
      select ${JSON.stringify(value)}::text::jsonb as json, ${at} as at, ${['a', 'b,"c']}::text[] as texts,
        ${[]}::text[] as none, ${[3, 4]}::int[] as numbers, array[true, false] as truths,
        ${[at.toISOString()]}::timestamptz[] as times, 5::int = any(${[5, 6]}::int[]) as found`
    expect(row).toEqual({
      json: value,
      at,
      texts: ['a', 'b,"c'],
      none: [],
      numbers: [3, 4],
      truths: [true, false],
      times: [at],
      found: true,
    })
  })

  it('lets the raw client and drizzle read the same rows', async () => {
    const createdAt = new Date(1_700_000_000_456)
    const organization = {
      id: 'org_x',
      name: 'X',
      webhookSecretSealed: 's',
      createdAt,
      nextWebhookSecretSealed: null,
    }
    await db.orm.insert(organizations).values(organization)
    expect(await db.orm.select().from(organizations)).toEqual([organization])
    expect(await db.orm.select().from(apiKeys)).toEqual([])
    const [row] = await db.sql`select created_at from organizations where id = 'org_x'`
    expect(row?.created_at).toEqual(createdAt)
  })
})

describe('a server that fails', () => {
  it('settles every query when connections are killed under load, and goes on', async () => {
    let isDone = false
    let succeeded = 0
    const writers = Array.from({ length: 10 }, async () => {
      let failed = 0
      while (!isDone) {
        try {
          await db.sql`update counters set count = count + 1 where id = ${1}`
          succeeded += 1
        } catch {
          failed += 1
        }
      }
      return failed
    })
    for (let kills = 0; kills < 12; kills++) {
      const before = succeeded
      await expect.poll(() => succeeded, { interval: 1, timeout: 10_000 }).toBeGreaterThan(before + 10)
      await db.killConnections()
    }
    isDone = true
    const stoppedAt = Date.now()
    const failed = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0)
    expect(failed).toBeGreaterThan(0)
    // A connection that had forgotten how to write would keep its query until the connect timeout of 10 s.
    expect(Date.now() - stoppedAt).toBeLessThan(8000)
    // The last kill may still have to be noticed.
    const read = () => db.sql<{ count: number }[]>`select count from counters where id = 1`
    const [row] = await read().catch(read)
    // A statement may have been committed although its answer was lost, never the other way round.
    expect(row?.count).toBeGreaterThanOrEqual(succeeded)
    expect(row?.count).toBeLessThanOrEqual(succeeded + failed)
  })

  it('closes at once after connections were killed under load', async () => {
    // A database of its own, because every client of a database feels its connections being killed.
    const killed = await createTestDatabase(inject('postgresUrl'))
    let isDone = false
    let succeeded = 0
    const count = () => {
      succeeded += 1
    }
    const readers = Array.from({ length: 20 }, async () => {
      while (!isDone) await killed.sql`select pg_sleep(0.01)`.then(count, () => {})
    })
    for (let kills = 0; kills < 5; kills++) {
      const before = succeeded
      await expect.poll(() => succeeded, { interval: 1, timeout: 10_000 }).toBeGreaterThan(before + 20)
      await killed.killConnections()
    }
    isDone = true
    await Promise.all(readers)
    const startedAt = Date.now()
    await killed.close()
    expect(Date.now() - startedAt).toBeLessThan(3000)
    await killed.drop()
  })

  it('fails a query at once when nobody listens, or hangs up without a word', async () => {
    const mute: Server = createServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end(),
    )
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const address = mute.address()
    const port = typeof address === 'object' ? address?.port : 0
    const muted = openDatabase({ url: `postgres://x@127.0.0.1:${port}/x` })
    await expect(muted.sql`select 1`).rejects.toThrow('before it was ready')
    await new Promise((resolve) => mute.close(resolve))
    await expect(muted.sql`select 1`).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await muted.close()
  })

  it('lets queries end before it closes, also those that had no connection yet', async () => {
    const closing = openDatabase({ url: db.url, connectionsMax: 1 })
    let isAnswered = false
    const answer = closing.sql`select pg_sleep(0.2)`.then(() => {
      isAnswered = true
    })
    await closing.close()
    expect(isAnswered).toBe(true)
    await answer
  })

  it('cancels a statement that takes too long', async () => {
    const hasty = openDatabase({ url: db.url, statementTimeoutMs: 50 })
    await expect(hasty.sql`select pg_sleep(20)`).rejects.toMatchObject({ code: '57014' })
    await hasty.close()
  })
})

describe('migrate', () => {
  it('brings an empty database up to date once, whoever else tries at the same moment', async () => {
    const url = new URL(db.url)
    url.pathname = `${url.pathname}_m`
    await db.sql.unsafe(`create database ${url.pathname.slice(1)}`)
    await Promise.all(Array.from({ length: 4 }, () => migrate(url.href)))
    const fresh = openDatabase({ url: url.href })
    const applied = await fresh.sql`select hash from drizzle.__drizzle_migrations order by id`
    expect([...applied]).toEqual([
      ...(await db.sql`select hash from drizzle.__drizzle_migrations order by id`),
    ])
    expect(new Set(applied.map((row) => row.hash)).size).toBe(applied.length)
    expect(await fresh.orm.select().from(organizations)).toEqual([])
    await fresh.close()
    await db.sql.unsafe(`drop database ${url.pathname.slice(1)} with (force)`)
  })

  it('gives each test a database of its own', async () => {
    const other = await createTestDatabase(inject('postgresUrl'))
    expect(other.url).not.toBe(db.url)
    expect(await other.orm.select().from(organizations)).toEqual([])
    await other.drop()
  })
})
