import { type ApiKeyCreate, type ApiKeyRotate, SCOPES, type Scope } from '@phonevoice/contracts'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { listAuditEntries } from '../audit/index.ts'
import { createTenant, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { type Granter, grantScopes } from './grant.ts'
import {
  authenticateApiKey,
  createApiKeyOnce,
  getApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
} from './index.ts'

let ctx: TestContext
let tenant: Tenant
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
})
beforeEach(async () => {
  tenant = await createTenant(ctx)
})
afterAll(() => ctx.db.drop())

const DAY_MS = 86_400_000
const isoIn = (ms: number) => new Date(ctx.clock.now() + ms).toISOString()

function create(patch: Partial<ApiKeyCreate> = {}, granter: Granter = null, idempotencyKey?: string) {
  const idempotency = idempotencyKey === undefined ? null : { key: idempotencyKey, requestHash: 'same' }
  return createApiKeyOnce(ctx, {
    ...tenant,
    mode: 'test',
    granter,
    request: { name: 'k', ...patch },
    idempotency,
  })
}

function rotate(keyId: string, request: ApiKeyRotate = {}, granter: Granter = null, idempotencyKey?: string) {
  const idempotency = idempotencyKey === undefined ? null : { key: idempotencyKey, requestHash: 'same' }
  return rotateApiKey(ctx, { ...tenant, mode: 'test', keyId, granter, request, idempotency })
}

describe('a key made by a key', () => {
  it('may do what the other may, and no more', async () => {
    const granter = { scopes: ['keys:write', 'calls:read'] as Scope[], expiresAtMs: null }
    expect((await create({}, granter)).resource.scopes).toEqual(['keys:write', 'calls:read'])
    expect((await create({ scopes: ['calls:read'] }, granter)).resource.scopes).toEqual(['calls:read'])
    await expect(create({ scopes: ['calls:read', 'audit:read'] }, granter)).rejects.toMatchObject({
      code: 'insufficient_scope',
      context: { missingScopes: ['audit:read'] },
    })
    expect((await create()).resource.scopes).toBeNull()
  })

  it('never has a scope that the other has not, whatever is asked for', () => {
    const scopes = fc.subarray(Object.keys(SCOPES) as Scope[])
    fc.assert(
      fc.property(scopes, fc.option(scopes), (had, wanted) => {
        let granted: readonly Scope[] | null
        try {
          granted = grantScopes({ scopes: had, expiresAtMs: null }, wanted)
        } catch {
          return (wanted ?? []).some((scope) => !had.includes(scope))
        }
        return granted?.every((scope) => had.includes(scope)) === true
      }),
    )
  })

  it('does not outlive it', async () => {
    const granter = { scopes: null, expiresAtMs: ctx.clock.now() + DAY_MS }
    expect((await create({}, granter)).resource.expires_at).toBe(isoIn(DAY_MS))
    expect((await create({ expires_at: isoIn(1000) }, granter)).resource.expires_at).toBe(isoIn(1000))
    const refused = { code: 'invalid_request', fields: [{ pointer: '/expires_at' }] }
    await expect(create({ expires_at: isoIn(DAY_MS + 1) }, granter)).rejects.toMatchObject(refused)
    await expect(create({ expires_at: isoIn(0) })).rejects.toMatchObject(refused)
  })

  it('is made once for an idempotency key, however often and at the same time it is asked for', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => create({ name: 'once' }, null, 'i1')))
    expect(new Set(made.map(({ body }) => body)).size).toBe(1)
    expect((await listApiKeys(ctx, tenant)).items).toHaveLength(1)
    const { sql } = ctx.db
    const [stored] =
      await sql`select response_body from idempotency_keys where organization_id = ${tenant.organizationId}`
    expect(stored?.response_body).not.toContain(made[0]?.resource.key)
  })
})

describe('rotation', () => {
  it('lets both keys work until the overlap is over, then only the new one', async () => {
    const { resource: old } = await create({ scopes: ['calls:read'] })
    const { resource: fresh } = await rotate(old.id, { overlap_seconds: 60 })
    expect(fresh).toMatchObject({ scopes: ['calls:read'], name: 'k', replaces: old.id, status: 'active' })
    expect(fresh.old_key_expires_at).toBe(isoIn(60_000))
    expect((await getApiKey(ctx, { ...tenant, keyId: old.id })).replaced_by).toBe(fresh.id)
    ctx.clock.advance(59_999)
    for (const { key } of [old, fresh]) await authenticateApiKey(ctx, key)
    ctx.clock.advance(1)
    await expect(authenticateApiKey(ctx, old.key)).rejects.toMatchObject({ code: 'api_key_expired' })
    expect(await authenticateApiKey(ctx, fresh.key)).toMatchObject({ keyId: fresh.id })
  })

  it('lengthens no life: neither the old one’s, nor by default the new one’s', async () => {
    const { resource: old } = await create({ expires_at: isoIn(5000) })
    const { resource: fresh } = await rotate(old.id)
    expect([fresh.old_key_expires_at, fresh.expires_at]).toEqual([isoIn(5000), isoIn(5000)])
    const own = { scopes: null, expiresAtMs: ctx.clock.now() + 5000 }
    const { resource: other } = await create()
    expect((await rotate(other.id, {}, own)).resource.expires_at).toBe(isoIn(5000))
    await expect(rotate(fresh.id, { expires_at: isoIn(5001) }, own)).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })

  it('is not a way to scopes that one has not', async () => {
    const { resource: full } = await create()
    const { resource: some } = await create({ scopes: ['audit:read'] })
    const granter = { scopes: ['keys:write'] as Scope[], expiresAtMs: null }
    for (const { id } of [full, some])
      await expect(rotate(id, {}, granter)).rejects.toMatchObject({ code: 'insufficient_scope' })
  })

  it('happens once, whoever else asks at the same time', async () => {
    const { resource: old } = await create()
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => rotate(old.id, {}, null, `r${i % 2}`)),
    )
    const ids = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.resource.id] : []))
    expect(new Set(ids).size).toBe(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'api_key_not_active' })
    expect((await listApiKeys(ctx, tenant)).items).toHaveLength(2)
    const { sql } = ctx.db
    expect(
      await sql`select 1 from idempotency_keys where organization_id = ${tenant.organizationId}`,
    ).toHaveLength(1)
  })

  it('is refused for keys that are over', async () => {
    const { resource: revoked } = await create()
    await revokeApiKey(ctx, { ...tenant, keyId: revoked.id })
    const { resource: expired } = await create({ expires_at: isoIn(1000) })
    ctx.clock.advance(1000)
    for (const { id } of [revoked, expired])
      await expect(rotate(id)).rejects.toMatchObject({ code: 'api_key_not_active' })
  })
})

it('writes each change into the audit log, without the key', async () => {
  const { resource: old } = await create({ name: 'ci', scopes: ['calls:read'] })
  const { resource: fresh } = await rotate(old.id)
  await revokeApiKey(ctx, { ...tenant, keyId: old.id })
  await revokeApiKey(ctx, { ...tenant, keyId: old.id })
  const { items } = await listAuditEntries(ctx, tenant)
  expect(items.map(({ action, resource_id }) => [action, resource_id]).sort()).toEqual([
    ['api_key.created', old.id],
    ['api_key.revoked', old.id],
    ['api_key.rotated', old.id],
  ])
  const text = JSON.stringify(items)
  for (const key of [old.key, fresh.key]) expect(text).not.toContain(key.slice(-12))
})
