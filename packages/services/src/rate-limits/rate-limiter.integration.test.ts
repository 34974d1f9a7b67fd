/** Goal: a rate holds for all processes together, and for one of them when the database is away. Method: several limiters over one database and clock. */
import { silentLog } from '@phonevoice/base'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { createRateLimiter, type RateLimiter } from './index.ts'

let ctx: TestContext
let limiters: RateLimiter[]
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  limiters = [1, 2, 3].map(() => createLimiter())
})
afterAll(async () => {
  await Promise.all(limiters.map((limiter) => limiter.close()))
  expect(ctx.clock.pendingTimers).toBe(0)
  await ctx.db.drop()
})

const createLimiter = (db: Pick<TestContext['db'], 'sql'> = ctx.db) =>
  createRateLimiter({ db: { ...ctx.db, ...db }, clock: ctx.clock, timers: ctx.clock, log: silentLog })

const rate = { perSecond: 10, burst: 20 }
const syncAll = () => Promise.all(limiters.map((limiter) => limiter.sync()))

test('three processes together keep the rate, and pay back what they allowed too much at first', async () => {
  let allowed = 0
  const seconds = 60
  for (let tick = 0; tick < seconds * 10; tick++) {
    // Ten times the rate, spread over all of them.
    for (let i = 0; i < 10; i++) if (limiters[i % 3]?.take('flood', rate).isAllowed) allowed++
    await syncAll()
    ctx.clock.advance(100)
  }
  // Each may empty a full bucket of its own once; after that the rate holds.
  expect(allowed).toBeLessThanOrEqual(3 * rate.burst + seconds * rate.perSecond)
  expect(allowed).toBeGreaterThanOrEqual(seconds * rate.perSecond - rate.burst)
})

test('what one process has used, the others see a moment later', async () => {
  const [one, two] = limiters
  for (let i = 0; i < 20; i++) expect(one?.take('shared', rate).isAllowed).toBe(true)
  expect(one?.take('shared', rate)).toMatchObject({ isAllowed: false, remaining: 0, retryAfterSeconds: 1 })
  await one?.sync()
  expect(two?.take('shared', rate).isAllowed).toBe(true)
  await two?.sync()
  expect(two?.take('shared', rate)).toMatchObject({ isAllowed: false, remaining: 0 })
})

test('it is told by itself, a tenth of a second later', async () => {
  const tokens = async () => {
    const [row] = await ctx.db.sql<{ tokens: number }[]>`select tokens from rate_buckets where name = 'alone'`
    return row?.tokens
  }
  limiters[0]?.take('alone', rate)
  ctx.clock.advance(99)
  expect(await tokens()).toBeUndefined()
  ctx.clock.advance(1)
  await expect.poll(tokens).toBe(19)
})

test('without a database each process goes on by itself, and tells later', async () => {
  let isGone = true
  const sql = ((...args: Parameters<TestContext['db']['sql']>) =>
    isGone ? Promise.reject(new Error('gone')) : ctx.db.sql(...args)) as TestContext['db']['sql']
  const limiter = createLimiter({ sql })
  for (let i = 0; i < 25; i++) expect(limiter.take('cut off', rate).isAllowed).toBe(i < 20)
  await limiter.sync()
  isGone = false
  await limiter.sync()
  const [row] = await ctx.db.sql`select tokens from rate_buckets where name = 'cut off'`
  expect(row?.tokens).toBe(0)
  await limiter.close()
})

test('buckets that nobody uses are cleared away', async () => {
  limiters[0]?.take('old', rate)
  await syncAll()
  ctx.clock.advance(700_000)
  limiters[0]?.take('new', rate)
  await syncAll()
  const rows = await ctx.db.sql<{ name: string }[]>`select name from rate_buckets`
  expect(rows.map((row) => row.name)).toEqual(['new'])
})
