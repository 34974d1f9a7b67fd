/** Goal: nothing that the audit log is for goes by unwritten, and nothing secret gets into it. Method: each verb once, by an admin, on one organization. */
import type { AuditAction } from '@phonevoice/contracts'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createApiKey, revokeApiKey, rotateApiKey } from '../api-keys/index.ts'
import { addCarrierAccount } from '../carrier-accounts/index.ts'
import type { ServiceContext } from '../context.ts'
import { claimDeliveries, recordAttempt } from '../deliveries/index.ts'
import { setDialPolicy } from '../dial-policy/index.ts'
import { addDoNotCall, removeDoNotCall } from '../do-not-call/index.ts'
import { setLimits } from '../limits/index.ts'
import { completeRotation, rotateWebhookSecret, showWebhookSecret } from '../organizations/index.ts'
import { addPhoneNumber } from '../phone-numbers/index.ts'
import {
  completeRecording,
  findRecording,
  mintRecordingLink,
  openRecordingLink,
  revokeRecordingLinks,
  startRecording,
} from '../recordings/index.ts'
import { createTenant, createTestCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import {
  completeEndpointRotation,
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  rotateEndpointSecret,
  updateWebhookEndpoint,
} from '../webhook-endpoints/index.ts'
import { listAuditEntries } from './index.ts'

let world: TestContext
let ctx: ServiceContext
let tenant: Tenant
const secrets: string[] = ['canary-carrier-token', 'canary-path']

beforeAll(async () => {
  world = await createTestContext(inject('postgresUrl'))
  ctx = { ...world, actor: { type: 'admin', id: null, requestId: null, ipAddress: null } }
  tenant = await createTenant(world)
})
afterAll(() => world.db.drop())

/** The actions written since the last time, oldest first, with what they were done to. */
async function news(): Promise<[AuditAction, string | null][]> {
  const { items } = await listAuditEntries(world, { ...tenant, limit: 100 })
  const entries = items.slice(0, items.length - seen).map((item) => [item.action, item.resource_id] as const)
  seen = items.length
  const text = JSON.stringify(items)
  for (const secret of secrets) expect(text).not.toContain(secret)
  world.clock.advance(1)
  return entries.reverse().map(([action, id]) => [action, id])
}
let seen = 0

it('keys', async () => {
  const { id, key } = await createApiKey(ctx, { ...tenant, mode: 'live', name: 'k' })
  expect(await news()).toEqual([['api_key.created', id]])
  const { resource } = await rotateApiKey(ctx, { ...tenant, keyId: id, granter: null, request: {} })
  expect(await news()).toEqual([['api_key.rotated', id]])
  await revokeApiKey(ctx, { ...tenant, keyId: id })
  expect(await news()).toEqual([['api_key.revoked', id]])
  secrets.push(key, resource.key)
})

it("the organization's webhook secret", async () => {
  const { organizationId } = tenant
  const { current } = await showWebhookSecret(ctx, tenant)
  expect(await news()).toEqual([['webhook_secret.read', organizationId]])
  const { next } = await rotateWebhookSecret(ctx, tenant)
  expect(await news()).toEqual([['webhook_secret.rotation_started', organizationId]])
  await completeRotation(ctx, tenant)
  expect(await news()).toEqual([['webhook_secret.rotation_completed', organizationId]])
  await expect(completeRotation(ctx, tenant)).rejects.toMatchObject({ code: 'invalid_request' })
  secrets.push(current, next)
  expect(await news()).toEqual([])
})

it('endpoints, by whom they are changed and by what they answer', async () => {
  const { organizationId } = tenant
  const request = { url: 'https://example.com/canary-path', events: ['call.queued' as const] }
  const create = () => createWebhookEndpoint(ctx, { organizationId, mode: 'test', request })
  const { resource } = await create()
  const endpoint = { organizationId, mode: 'test', endpointId: resource.id } as const
  expect(await news()).toEqual([['webhook_endpoint.created', resource.id]])
  const url = 'https://example.com/canary-path/2'
  await updateWebhookEndpoint(ctx, { ...endpoint, patch: { enabled: false, url } })
  expect(await news()).toEqual([['webhook_endpoint.updated', resource.id]])
  const { next_secret: next } = await rotateEndpointSecret(ctx, endpoint)
  expect(await news()).toEqual([['webhook_secret.rotation_started', resource.id]])
  await completeEndpointRotation(ctx, endpoint)
  expect(await news()).toEqual([['webhook_secret.rotation_completed', resource.id]])
  await deleteWebhookEndpoint(ctx, endpoint)
  expect(await news()).toEqual([['webhook_endpoint.deleted', resource.id]])
  secrets.push(resource.secret, next)

  const { resource: gone } = await create()
  await news()
  await createTestCall(world, tenant, { webhook_url: undefined })
  const delivery = (await claimDeliveries(world, { limit: 10 })).deliveries.find(
    (one) => one.endpointId === gone.id,
  )
  if (!delivery) throw new Error('There is no delivery to the endpoint.')
  const attempt = { startedAtMs: world.clock.now(), durationMs: 1, responseExcerpt: null, error: null }
  await recordAttempt(world, { delivery, ...attempt, responseStatus: 410, retryAfterMs: null })
  expect(await news()).toEqual([['webhook_endpoint.disabled', gone.id]])
  const [entry] = (await listAuditEntries(world, { ...tenant, resourceId: gone.id })).items
  expect(entry).toMatchObject({ mode: 'test', actor: { type: 'system' }, details: { reason: 'gone' } })
})

it('recordings that are opened by a link, and links that are voided', async () => {
  const callId = await createTestCall(world, tenant)
  await startRecording(world, { callId })
  const recorded = { status: 'ready', storageKey: 'k', durationMs: 1, sizeBytes: 1 } as const
  await completeRecording(world, { callId, ...recorded })
  const recording = await findRecording(world, { callId })
  if (!recording) throw new Error('There is no recording.')
  const { token } = mintRecordingLink(ctx, { recording })
  const actor = { type: 'link', id: null, requestId: 'req_1', ipAddress: '192.0.2.7' } as const
  for (let i = 0; i < 3; i++) await openRecordingLink({ ...ctx, actor }, { token })
  await expect(openRecordingLink({ ...ctx, actor }, { token: 'x' })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect(await news()).toEqual([['recording.downloaded', callId]])
  await revokeRecordingLinks(ctx, { ...tenant, mode: 'test', callId })
  expect(await news()).toEqual([['recording.links_revoked', callId]])
  secrets.push(token)
})

it('the carrier account and its numbers', async () => {
  const account = { carrier: 'twilio', accountSid: 'AC1', authToken: 'canary-carrier-token' } as const
  const input = { ...tenant, ...account, baseUrl: 'https://api.twilio.com' }
  const { id: carrierAccountId } = await addCarrierAccount(ctx, input)
  await expect(addCarrierAccount(ctx, input)).rejects.toMatchObject({ code: 'invalid_request' })
  expect(await news()).toEqual([['carrier_account.created', carrierAccountId]])
  await addPhoneNumber(ctx, { ...tenant, carrierAccountId, phoneNumber: '+14155552671' })
  expect(await news()).toEqual([['phone_number.added', carrierAccountId]])
})

it('limits, dial policy and the do-not-call list', async () => {
  const { organizationId } = tenant
  await setLimits(ctx, { organizationId, change: { concurrentCalls: 3 } })
  expect(await news()).toEqual([['limits.updated', organizationId]])
  await setDialPolicy(ctx, { organizationId, countries: ['US'] })
  expect(await news()).toEqual([['dial_policy.updated', organizationId]])
  const add = () => addDoNotCall(ctx, { organizationId, phoneNumber: '+14155552671', note: 'canary-path' })
  const { id } = await add()
  await add()
  expect(await news()).toEqual([['do_not_call.added', id]])
  await removeDoNotCall(ctx, { organizationId, id })
  await expect(removeDoNotCall(ctx, { organizationId, id })).rejects.toMatchObject({ code: 'not_found' })
  expect(await news()).toEqual([['do_not_call.removed', id]])
})
