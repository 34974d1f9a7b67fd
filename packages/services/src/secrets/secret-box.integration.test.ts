import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTenant, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { createSecretBox, masterKey, readMasterKeys, type SecretBox } from './index.ts'

const [OLD, NEW] = [masterKey(new Uint8Array(32).fill(1)), masterKey(new Uint8Array(32).fill(2))]
let ctx: TestContext
let mine: Tenant
let theirs: Tenant
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  mine = await createTenant(ctx)
  theirs = await createTenant(ctx)
  // The tests bring master keys of their own.
  await ctx.db.sql`truncate data_keys`
})
afterAll(() => ctx.db.drop())

/** A process of its own: nothing is remembered. */
const boxWith = (...masterKeys: [typeof OLD, ...(typeof OLD)[]]): SecretBox =>
  createSecretBox({ db: ctx.db, clock: ctx.clock, masterKeys })

describe('a secret of an organization', () => {
  it('opens in any process that has the master key, at its own place and for its own organization only', async () => {
    const { organizationId } = mine
    const sealed = await boxWith(OLD).seal(organizationId, 'a secret', 'header:1')
    expect(sealed).toMatch(/^v2\.dk_/)
    expect(await boxWith(OLD).open(organizationId, sealed, 'header:1')).toBe('a secret')
    await expect(boxWith(OLD).open(organizationId, sealed, 'header:2')).rejects.toThrow('does not open')
    await boxWith(OLD).seal(theirs.organizationId, 'theirs', 'header:1')
    await expect(boxWith(OLD).open(theirs.organizationId, sealed, 'header:1')).rejects.toThrow(
      'There is no data key',
    )
  })

  it('does not open for another organization that was given the same data key row', async () => {
    const sealed = await boxWith(OLD).seal(mine.organizationId, 'a secret', 'p')
    const keyId = sealed.split('.')[1] ?? ''
    await ctx.db.sql`update data_keys set organization_id = 'org_moved' where id = ${keyId}`
    await expect(boxWith(OLD).open('org_moved', sealed, 'p')).rejects.toThrow('was changed in the database')
    await ctx.db.sql`update data_keys set organization_id = ${mine.organizationId} where id = ${keyId}`
  })

  it('does not open when a single character was changed', async () => {
    const box = boxWith(OLD)
    const sealed = await box.seal(mine.organizationId, 'a secret', 'p')
    for (const at of [sealed.length - 1, sealed.lastIndexOf('.') + 1, sealed.lastIndexOf('.') + 20]) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'Q' : 'A') + sealed.slice(at + 1)
      await expect(box.open(mine.organizationId, changed, 'p')).rejects.toThrow('does not open')
    }
    const short = sealed.slice(0, sealed.lastIndexOf('.') + 5)
    await expect(box.open(mine.organizationId, short, 'p')).rejects.toThrow('does not open')
  })

  it('cannot be read without its master key, and the error names what is missing', async () => {
    const sealed = await boxWith(OLD).seal(mine.organizationId, 'a secret', 'p')
    const without = boxWith(NEW)
    await expect(without.open(mine.organizationId, sealed, 'p')).rejects.toThrow(
      `Master key ${OLD.id} is not configured`,
    )
    await expect(without.seal(mine.organizationId, 'x', 'p')).rejects.toThrow('SECRETS_KEYS_OTHER')
    expect(await boxWith(NEW, OLD).open(mine.organizationId, sealed, 'p')).toBe('a secret')
  })

  it('of the first version opens with any configured master key', async () => {
    const sealed = boxWith(OLD).sealToken('a secret', 'header:1')
    expect(await boxWith(NEW, OLD).open(mine.organizationId, sealed, 'header:1')).toBe('a secret')
    await expect(boxWith(NEW).open(mine.organizationId, sealed, 'header:1')).rejects.toThrow('does not open')
  })

  it('has one data key, however many processes make it at the same moment', async () => {
    const organizationId = 'org_twins'
    const sealed = await Promise.all(
      Array.from({ length: 8 }, () => boxWith(OLD).seal(organizationId, 'x', 'p')),
    )
    expect(new Set(sealed.map((text) => text.split('.')[1])).size).toBe(1)
    expect(new Set(sealed).size).toBe(8)
  })
})

describe('master keys', () => {
  it('are read from the configuration, and a bad one is refused without being repeated', () => {
    const text = (fill: number) => Buffer.alloc(32, fill).toString('base64')
    expect(readMasterKeys(text(1), `${text(2)}, ${text(3)},`).map((key) => key.id)).toHaveLength(3)
    expect(readMasterKeys(text(1), undefined)[0].id).toBe(OLD.id)
    for (const bad of ['c2hvcnQ=', `${text(2)};${text(3)}`])
      expect(() => readMasterKeys(text(1), bad)).toThrow(/^SECRETS_KEYS_OTHER: .* 32 bytes in base64/)
  })
})
