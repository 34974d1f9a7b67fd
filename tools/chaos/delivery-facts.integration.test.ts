/** Goal: the facts read from a database that the product wrote are free of violations, and a damage done to it is seen. */
import { createTestClock, silentLog } from '@phonevoice/base'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import { createAssistant } from '@phonevoice/services/assistants'
import { createCall, endCall } from '@phonevoice/services/calls'
import type { ServiceContext } from '@phonevoice/services/context'
import { claimDeliveries, recordAttempt } from '@phonevoice/services/deliveries'
import { createOrganization } from '@phonevoice/services/organizations'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import { createWebhookEndpoint, testWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { checkDeliveries } from './check-deliveries.ts'
import { readDeliveryFacts } from './delivery-facts.ts'
import type { Receipt } from './receipts.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => db.drop())

test('a run of the product keeps its promises, and says so', async () => {
  const clock = createTestClock()
  const ctx: ServiceContext = {
    db,
    clock,
    log: silentLog,
    secrets: createSecretBox({ db, masterKeys: [masterKey(new Uint8Array(32))] }),
    wake() {},
    publish() {},
    settings: { apiOrigin: 'https://api.test', sandbox: null },
  }
  const { id: organizationId } = await createOrganization(ctx, { name: 'Test' })
  const owner = { organizationId, mode: 'test' as const }
  const { resource: endpoint } = await createWebhookEndpoint(ctx, {
    ...owner,
    request: { url: 'https://endpoint.example', events: ['call.queued', 'call.ended'] },
  })
  const assistant = await createAssistant(ctx, { organizationId, settings: { name: 'Ada' } })
  for (let i = 0; i < 5; i++) {
    clock.advance(10)
    const created = await createCall(ctx, {
      ...owner,
      request: {
        phone_number: '+12025550100',
        assistant_id: assistant.id,
        webhook_url: 'https://own.example/hook?x=1',
        webhook_events: ['call.queued', 'call.ended'],
      },
      idempotency: null,
    })
    await endCall(ctx, { ...owner, callId: (JSON.parse(created.body) as { id: string }).id })
  }
  await testWebhookEndpoint(ctx, { ...owner, endpointId: endpoint.id })

  const receipts: Receipt[] = []
  for (let failures = 0; ; ) {
    const { deliveries: claimed } = await claimDeliveries(ctx, { limit: 7 })
    if (claimed.length === 0) break
    for (const delivery of claimed) {
      clock.advance(3)
      const status = failures++ % 4 === 1 ? 500 : 200
      const startedAtMs = clock.now()
      clock.advance(5)
      receipts.push({ received_at_ms: clock.now(), url: delivery.url, body: delivery.body, status })
      clock.advance(5)
      const attempt = { responseStatus: status, responseExcerpt: '', error: null, retryAfterMs: null }
      await recordAttempt(ctx, { delivery, startedAtMs, durationMs: 10, ...attempt })
    }
    if (failures % 5 === 0) clock.advance(6000)
  }
  const facts = await readDeliveryFacts(db.sql)
  expect(facts.deliveries).toHaveLength(21)
  expect(checkDeliveries(facts, receipts)).toEqual([])
  await db.sql`delete from delivery_attempts`
  await db.sql`delete from deliveries where id = (select id from deliveries where call_id is not null limit 1)`
  const kinds = checkDeliveries(await readDeliveryFacts(db.sql), receipts).map((violation) => violation.kind)
  expect(kinds).toContain('delivery-missing')
  expect(kinds).toContain('phantom-event')
})
