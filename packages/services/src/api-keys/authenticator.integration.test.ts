import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createTenant, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { authenticateApiKey, createApiKey, createAuthenticator, listApiKeys, revokeApiKey } from './index.ts'
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
  expect(watched.count()).toBe(1)
})

it('asks again after 30 seconds, and remembers a miss for 10', async () => {
  const { key } = await newKey()
  const watched = counted()
  const authenticator = createAuthenticator(watched.ctx)
  const unknown = makeApiKey('test')
  for (let i = 0; i < 3; i++) {
    await authenticator.authenticate(key)
    await expect(authenticator.authenticate(unknown)).rejects.toMatchObject(refused)
  }
  expect(watched.count()).toBe(2)
  ctx.clock.advance(10_000)
  await authenticator.authenticate(key)
  await expect(authenticator.authenticate(unknown)).rejects.toMatchObject(refused)
  expect(watched.count()).toBe(3)
  ctx.clock.advance(20_000)
  await authenticator.authenticate(key)
  expect(watched.count()).toBe(4)
})

it('refuses a revoked key at once where it is forgotten, and elsewhere within 30 seconds', async () => {
  const { key, id } = await newKey()
  const here = createAuthenticator(ctx)
  const elsewhere = createAuthenticator(ctx)
  await Promise.all([here.authenticate(key), elsewhere.authenticate(key)])
  await revokeApiKey(ctx, { ...tenant, keyId: id })
  here.forget(id)
  await expect(here.authenticate(key)).rejects.toMatchObject(refused)
  await elsewhere.authenticate(key)
  ctx.clock.advance(30_000)
  await expect(elsewhere.authenticate(key)).rejects.toMatchObject(refused)
})

it('refuses a key from the moment it expires, even when it is remembered', async () => {
  const expiresAt = new Date(ctx.clock.now() + 5000)
  const { key } = await createApiKey(ctx, { ...tenant, mode: 'live', name: 'k', expiresAt })
  const authenticator = createAuthenticator(ctx)
  await authenticator.authenticate(key)
  ctx.clock.advance(5000)
  await expect(authenticator.authenticate(key)).rejects.toMatchObject(refused)
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
  expect(watched.count()).toBe(before + 3)
})

it('notes the last use at most once a minute', async () => {
  const { key, id } = await newKey()
  const lastUsedAt = async () => {
    const keys = await listApiKeys(ctx, tenant)
    return keys.find((item) => item.id === id)?.lastUsedAt
  }
  await authenticateApiKey(ctx, key)
  const first = new Date(ctx.clock.now())
  expect(await lastUsedAt()).toEqual(first)
  ctx.clock.advance(59_000)
  await authenticateApiKey(ctx, key)
  expect(await lastUsedAt()).toEqual(first)
  ctx.clock.advance(1000)
  await authenticateApiKey(ctx, key)
  expect(await lastUsedAt()).toEqual(new Date(ctx.clock.now()))
})
