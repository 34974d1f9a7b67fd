import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createTenant, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { authenticateApiKey, createApiKey, createAuthenticator, getApiKey, revokeApiKey } from './index.ts'
import { makeApiKey } from './key-format.ts'

let ctx: TestContext
let tenant: Tenant

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  tenant = await createTenant(ctx)
})
afterAll(() => ctx.db.drop())

/** The context with every statement of the raw client counted. */
function counted(): { ctx: TestContext; count: () => number } {
  let statements = 0
  const sql = new Proxy(ctx.db.sql, {
    apply(target, self, args) {
      statements += 1
      return Reflect.apply(target, self, args)
    },
  })
  return { ctx: { ...ctx, db: { ...ctx.db, sql } }, count: () => statements }
}

const newKey = () => createApiKey(ctx, { ...tenant, mode: 'test', name: 'k' })
const refused = { code: 'invalid_api_key' }

it('reads the database once for a key, and not at all for text that is no key', async () => {
  const { key, id } = await newKey()
  const watched = counted()
  const authenticator = createAuthenticator(watched.ctx)
  const owners = await Promise.all(Array.from({ length: 20 }, () => authenticator.authenticate(key)))
  for (const owner of owners)
    expect(owner).toMatchObject({ organizationId: tenant.organizationId, mode: 'test', keyId: id })
  await expect(authenticator.authenticate(`${key.slice(0, -1)}!`)).rejects.toMatchObject(refused)
  // The other one notes the use.
  expect(watched.count()).toBe(2)
})

it('asks again after a second, and remembers a miss for 10', async () => {
  const { key } = await newKey()
  const watched = counted()
  const authenticator = createAuthenticator(watched.ctx)
  const unknown = makeApiKey('test')
  for (let i = 0; i < 3; i++) {
    await authenticator.authenticate(key)
    await expect(authenticator.authenticate(unknown)).rejects.toMatchObject(refused)
  }
  expect(watched.count()).toBe(3)
  ctx.clock.advance(1000)
  await authenticator.authenticate(key)
  await expect(authenticator.authenticate(unknown)).rejects.toMatchObject(refused)
  expect(watched.count()).toBe(4)
  ctx.clock.advance(9000)
  await expect(authenticator.authenticate(unknown)).rejects.toMatchObject(refused)
  expect(watched.count()).toBe(5)
})

it('refuses a revoked key within a second, in every process', async () => {
  const { key, id } = await newKey()
  const processes = [createAuthenticator(ctx), createAuthenticator(ctx)]
  for (const authenticator of processes) await authenticator.authenticate(key)
  await revokeApiKey(ctx, { ...tenant, keyId: id })
  ctx.clock.advance(1000)
  for (const authenticator of processes)
    await expect(authenticator.authenticate(key)).rejects.toMatchObject(refused)
})

it('refuses a key from the moment it expires, even when it is remembered, and says so', async () => {
  const expiresAt = new Date(ctx.clock.now() + 500)
  const { key } = await createApiKey(ctx, { ...tenant, mode: 'live', name: 'k', expiresAt })
  const authenticator = createAuthenticator(ctx)
  await authenticator.authenticate(key)
  expect(authenticator.remembers(key)).toBe(true)
  ctx.clock.advance(500)
  const expired = { code: 'api_key_expired', message: expect.stringContaining(expiresAt.toISOString()) }
  await expect(authenticator.authenticate(key)).rejects.toMatchObject(expired)
  expect(authenticator.remembers(key)).toBe(false)
  await expect(authenticateApiKey(ctx, key)).rejects.toMatchObject(expired)
})

it('keeps its memory bounded, and misses do not push owners out', async () => {
  const { key } = await newKey()
  const watched = counted()
  const authenticator = createAuthenticator(watched.ctx, { entriesMax: 2 })
  await authenticator.authenticate(key)
  for (let i = 0; i < 5; i++) await authenticator.authenticate(makeApiKey('test')).catch(() => {})
  const before = watched.count()
  await authenticator.authenticate(key)
  expect(watched.count()).toBe(before)
  for (let i = 0; i < 2; i++) await authenticator.authenticate((await newKey()).key)
  await authenticator.authenticate(key)
  // Three looks, and the first use of two new keys.
  expect(watched.count()).toBe(before + 5)
})

it('notes the last use at most once a minute, beside the request', async () => {
  const { key, id } = await newKey()
  const lastUsedAt = async () => (await getApiKey(ctx, { ...tenant, keyId: id })).last_used_at
  const authenticator = createAuthenticator(ctx, { ownerTtlMs: 0 })
  const first = new Date(ctx.clock.now()).toISOString()
  await authenticator.authenticate(key)
  await expect.poll(lastUsedAt).toBe(first)
  ctx.clock.advance(59_000)
  await authenticateApiKey(ctx, key)
  expect(await lastUsedAt()).toBe(first)
  ctx.clock.advance(1000)
  await authenticateApiKey(ctx, key)
  expect(await lastUsedAt()).toBe(new Date(ctx.clock.now()).toISOString())
})

it('answers while the use cannot be written', async () => {
  const { key, id } = await newKey()
  const holder = await ctx.db.sql.reserve()
  await holder`begin`
  await holder`select from api_keys where id = ${id} for update`
  try {
    expect(await createAuthenticator(ctx).authenticate(key)).toMatchObject({ keyId: id })
    expect((await getApiKey(ctx, { ...tenant, keyId: id })).last_used_at).toBeNull()
  } finally {
    await holder`rollback`
    holder.release()
  }
})
