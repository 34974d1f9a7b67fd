/** Goal: keys are changed while everything stays readable, and an old key is not needed, and not kept, longer than something is sealed with it. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createAssistant } from '../assistants/index.ts'
import { openSettings } from '../assistants/settings.ts'
import { storedSettings } from '../assistants/to-assistant.ts'
import { addCarrierAccount, resolveCarrierAccount } from '../carrier-accounts/index.ts'
import type { ServiceContext } from '../context.ts'
import { createOrganization, getWebhookSecret, rotateWebhookSecret } from '../organizations/index.ts'
import { createSecretBox, masterKey } from '../secrets/index.ts'
import { createTenant, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { createWebhookEndpoint, getEndpointSecret } from '../webhook-endpoints/index.ts'
import { rotateDataKey, rotateMasterKey } from './index.ts'

const HOUR_MS = 3_600_000
/** What the tests' contexts have. */
const OLD = masterKey(new Uint8Array(32).fill(7))
const NEW = masterKey(new Uint8Array(32).fill(8))

let ctx: TestContext
beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
})
afterAll(() => ctx.db.drop())

/** A process of its own, with these master keys. */
function processWith(...masterKeys: [typeof OLD, ...(typeof OLD)[]]): ServiceContext {
  return { ...ctx, secrets: createSecretBox({ db: ctx.db, clock: ctx.clock, masterKeys }) }
}

/** An organization with a secret in every place that has one. */
async function customer(): Promise<Tenant & { endpointId: string }> {
  const tenant = await createTenant(ctx)
  const { organizationId } = tenant
  await rotateWebhookSecret(ctx, { organizationId })
  await addCarrierAccount(ctx, {
    organizationId,
    carrier: 'twilio',
    accountSid: `AC${'1'.repeat(32)}`,
    authToken: 'carrier token',
    baseUrl: 'https://api.twilio.com',
  })
  const { resource } = await createWebhookEndpoint(ctx, {
    organizationId,
    mode: 'test',
    request: { url: 'https://example.com/hook' },
  })
  const { id: assistantId } = await createAssistant(ctx, {
    organizationId,
    settings: {
      name: 'Bo',
      llm: { provider: 'custom', url: 'https://example.com/v1', headers: { Authorization: 'header value' } },
      tools: [
        {
          type: 'http',
          name: 'look_up',
          description: 'd',
          url: 'https://example.com/t',
          parameters: { type: 'object', properties: {} },
          headers: { 'X-Key': 'tool value' },
        },
      ],
    } as never,
  })
  return { organizationId, assistantId, endpointId: resource.id }
}

/** Everything that is sealed, as a process reads it. */
async function readAll(
  from: ServiceContext,
  { organizationId, assistantId, endpointId }: Awaited<ReturnType<typeof customer>>,
) {
  const [row] = await from.db.sql`select settings from assistants where id = ${assistantId}`
  const settings = await openSettings(from.secrets, organizationId, storedSettings(row?.settings))
  return {
    organization: await getWebhookSecret(from, { organizationId }),
    endpoint: await getEndpointSecret(from, { endpointId }),
    carrier: (await resolveCarrierAccount(from, { organizationId, mode: 'live' })).authToken,
    headers: [
      settings.llm.headers,
      settings.tools.map((tool) => (tool.type === 'http' ? tool.headers : null)),
    ],
  }
}

const keysOf = async (organizationId: string) =>
  (
    await ctx.db.sql<
      { id: string }[]
    >`select id from data_keys where organization_id = ${organizationId} order by created_at, id`
  ).map(({ id }) => id)

it('a new data key seals everything, the old one is destroyed when nothing can need it', async () => {
  const tenant = await customer()
  const { organizationId } = tenant
  const before = await readAll(ctx, tenant)
  const [first] = await keysOf(organizationId)
  const answeredEarlier = await ctx.secrets.seal(organizationId, 'an answer', 'idempotency')
  // Another process has the old key in memory, and goes on with it for a minute.
  const other = processWith(OLD)
  await other.secrets.sealer(organizationId)

  ctx.clock.advance(1)
  expect(await rotateDataKey(ctx, tenant)).toEqual({ resealed: 5, destroyed: 0 })
  const lateAssistant = await createAssistant(other, {
    organizationId,
    settings: {
      name: 'Late',
      llm: { provider: 'custom', url: 'https://example.com/v1', headers: { A: 'late' } },
    } as never,
  })
  expect(await readAll(ctx, tenant)).toEqual(before)
  expect(await readAll(other, tenant)).toEqual(before)
  expect(await ctx.secrets.open(organizationId, answeredEarlier, 'idempotency')).toBe('an answer')
  expect(await keysOf(organizationId)).toHaveLength(2)

  ctx.clock.advance(49 * HOUR_MS)
  expect(await rotateDataKey(ctx, tenant)).toEqual({ resealed: 6, destroyed: 1 })
  expect(await keysOf(organizationId)).not.toContain(first)
  expect(await readAll(processWith(OLD), { ...tenant, assistantId: lateAssistant.id })).toMatchObject({
    headers: [{ A: 'late' }, []],
  })
})

it('a key that something is still sealed with is not destroyed', async () => {
  const { organizationId } = await customer()
  const [first = ''] = await keysOf(organizationId)
  await ctx.secrets.dataKeys.rotate(organizationId)
  ctx.clock.advance(49 * HOUR_MS)
  // As if the sealing had been broken off: one text is out of its reach.
  await ctx.db
    .sql`update webhook_endpoints set secret_sealed = 'x v2.' || ${first} || '.gone' where organization_id = ${organizationId}`
  await expect(rotateDataKey(ctx, { organizationId })).rejects.toThrow('does not open')
  expect(await keysOf(organizationId)).toContain(first)
  await ctx.db.sql`delete from webhook_endpoints where organization_id = ${organizationId}`
})

it('the master key is changed in steps, each of which every process survives', async () => {
  const tenants = [await customer(), await customer()]
  const before = await Promise.all(tenants.map((tenant) => readAll(ctx, tenant)))
  const readBy = (process: ServiceContext) => Promise.all(tenants.map((tenant) => readAll(process, tenant)))

  // First every process learns the new key, then each begins to use it.
  const learnt = processWith(OLD, NEW)
  const using = processWith(NEW, OLD)
  const { id } = await createOrganization(using, { name: 'Newcomer' })
  const [here, there] = [learnt, using].map((from) => getWebhookSecret(from, { organizationId: id }))
  expect(await here).toEqual(await there)
  expect([await readBy(learnt), await readBy(using)]).toEqual([before, before])

  const { rewrapped } = await rotateMasterKey(using)
  expect(rewrapped).toBeGreaterThanOrEqual(2)
  expect(await readBy(learnt)).toEqual(before)
  expect(await readBy(processWith(NEW))).toEqual(before)
  await expect(readBy(processWith(OLD))).rejects.toThrow(`Master key ${NEW.id} is not configured`)
  expect(await rotateMasterKey(using)).toEqual({ rewrapped: 0, resealed: 0 })
  await rotateMasterKey(learnt)
})

it('secrets of the first version are read, and brought up to date', async () => {
  const { organizationId } = await createTenant(ctx)
  const sealed = ctx.secrets.sealToken('whsec_old', `webhook-secret:${organizationId}`)
  await ctx.db.sql`update organizations set webhook_secret_sealed = ${sealed} where id = ${organizationId}`
  expect((await getWebhookSecret(ctx, { organizationId })).current).toBe('whsec_old')
  const using = processWith(NEW, OLD)
  expect((await rotateMasterKey(using)).resealed).toBe(1)
  expect((await getWebhookSecret(processWith(NEW), { organizationId })).current).toBe('whsec_old')
})
