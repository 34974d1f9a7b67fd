import {
  type DeliveryResource,
  type WebhookEndpoint,
  type WebhookEndpointCreated,
  webhookEndpointCreatedSchema,
  webhookEndpointSchema,
} from '@phonevoice/contracts'
import { createWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import { bodyOf, problemOf, seedCall, startTestServer, type TestServer } from '../../testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())
beforeEach(() => server.db.sql`update webhook_endpoints set deleted_at = created_at where deleted_at is null`)

const URL = 'https://example.com/hooks'
const PATH = '/v1/webhook-endpoints'

async function create(json: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
  const response = await server.request(PATH, { json: { url: URL, ...json }, headers })
  return { response, body: await bodyOf<WebhookEndpointCreated>(response) }
}

async function deliveriesOf(callId: string): Promise<DeliveryResource[]> {
  const list = await server.request(`/v1/calls/${callId}/deliveries`)
  return (await bodyOf<{ data: DeliveryResource[] }>(list)).data
}

describe('works', () => {
  test('a URL is enough; the secret is shown once', async () => {
    const { response, body } = await create()
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`${PATH}/${body.id}`)
    expect(webhookEndpointCreatedSchema.parse(body)).toEqual(body)
    expect(body).toMatchObject({
      mode: 'test',
      url: URL,
      enabled: true,
      events: ['call.started', 'transcription', 'call.completed', 'endpoint.disabled'],
    })
    expect(body.secret).toMatch(/^whsec_/)
    const read = await bodyOf<WebhookEndpoint>(await server.request(`${PATH}/${body.id}`))
    const { secret: _, ...shown } = body
    expect(webhookEndpointSchema.parse(read)).toEqual(read)
    expect({ ...read, statistics: null }).toEqual(shown)
    expect(read.statistics).toMatchObject({ delivered: 0, failed: 0, pending: 0, duration_ms: null })
    const list = await bodyOf<{ data: WebhookEndpoint[] }>(await server.request(PATH))
    expect(list.data).toEqual([shown])
  })

  test('its events are delivered beside those of the call’s own URL, in the statement that writes the event', async () => {
    const all = (await create({ events: ['call.queued', 'call.queued', 'call.started'] })).body
    await create({ events: ['call.completed'] })
    const off = (await create({ events: ['call.queued'], enabled: false })).body
    expect(all.events).toEqual(['call.queued', 'call.started'])
    expect(off).toMatchObject({ enabled: false, disabled_reason: 'requested' })
    await createWebhookEndpoint(server.context, {
      organizationId: server.mine.organizationId,
      mode: 'live',
      request: { url: URL, events: ['call.queued'] },
    })
    const callId = await seedCall(server, server.mine, { webhook_url: 'https://example.com/own?call=1' })
    expect(await deliveriesOf(callId)).toMatchObject([
      { event: 'call.queued', endpoint_id: all.id, sequence: 1 },
    ])
  })

  test('an update changes what it names, and enabling forgets why it was disabled', async () => {
    const { body } = await create({ description: 'CRM' })
    const patch = async (json: unknown) =>
      bodyOf<WebhookEndpoint>(await server.request(`${PATH}/${body.id}`, { method: 'PATCH', json }))
    expect(await patch({ url: 'https://example.com/new', events: ['call.ended'] })).toMatchObject({
      url: 'https://example.com/new',
      events: ['call.ended'],
      description: 'CRM',
      enabled: true,
    })
    const disabledAt = new Date(server.clock.now()).toISOString()
    expect(await patch({ enabled: false })).toMatchObject({
      enabled: false,
      disabled_reason: 'requested',
      disabled_at: disabledAt,
    })
    server.clock.advance(1000)
    expect(await patch({ enabled: false, description: null })).toMatchObject({ disabled_at: disabledAt })
    expect(await patch({ enabled: true })).toMatchObject({
      enabled: true,
      disabled_reason: null,
      disabled_at: null,
      description: null,
    })
  })

  test('a secret is rotated in two steps, and asking again shows the same next one', async () => {
    const { body } = await create()
    const post = (verb: string) => server.request(`${PATH}/${body.id}/${verb}`, { method: 'POST' })
    const first = await bodyOf<{ next_secret: string; is_rotating: boolean }>(await post('rotate-secret'))
    expect(first.next_secret).toMatch(/^whsec_/)
    expect(first.next_secret).not.toBe(body.secret)
    expect(first.is_rotating).toBe(true)
    expect(await bodyOf(await post('rotate-secret'))).toMatchObject({ next_secret: first.next_secret })
    const completed = await bodyOf<WebhookEndpoint>(await post('complete-rotation'))
    expect(completed.is_rotating).toBe(false)
    expect(JSON.stringify(completed)).not.toContain('whsec_')
    expect((await problemOf(await post('complete-rotation'))).code).toBe('no_rotation')
    const stored = await server.db.sql`select * from webhook_endpoints`
    expect(JSON.stringify(stored)).not.toContain('whsec_')
  })

  test('a test is a delivery of its own, whether the endpoint is enabled or not', async () => {
    const { body } = await create({ enabled: false })
    const response = await server.request(`${PATH}/${body.id}/test`, { method: 'POST' })
    expect(response.status).toBe(202)
    const delivery = await bodyOf<DeliveryResource>(response)
    expect(delivery).toMatchObject({
      event: 'endpoint.test',
      call_id: null,
      sequence: null,
      endpoint_id: body.id,
      url: URL,
      status: 'pending',
    })
    expect(await bodyOf(await server.request(`/v1/deliveries/${delivery.id}`))).toEqual(delivery)
  })

  test('a deleted one is gone and gets nothing more', async () => {
    const { body } = await create({ events: ['call.queued'] })
    const deleted = await server.request(`${PATH}/${body.id}`, { method: 'DELETE' })
    expect(deleted.status).toBe(204)
    expect((await problemOf(await server.request(`${PATH}/${body.id}`))).code).toBe('not_found')
    expect(await deliveriesOf(await seedCall(server, server.mine))).toEqual([])
  })
})

describe('the idempotency key', () => {
  test('gives twins in flight the same bytes and makes one endpoint', async () => {
    const headers = { 'idempotency-key': 'endpoint-1' }
    const answers = await Promise.all(Array.from({ length: 8 }, () => create({}, headers)))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(answers.map(({ response }) => response.status)).toEqual(Array(8).fill(201))
    expect(answers.filter(({ response }) => response.headers.has('idempotent-replayed'))).toHaveLength(7)
    expect((await bodyOf<{ data: unknown[] }>(await server.request(PATH))).data).toHaveLength(1)
    const [row] = await server.db.sql<{ response_body: string }[]>`select response_body from idempotency_keys`
    expect(row?.response_body).not.toContain('whsec_')
  })

  test('belongs to one request', async () => {
    const headers = { 'idempotency-key': 'endpoint-2' }
    await create({}, headers)
    const other = await server.request(PATH, { json: { url: `${URL}/other` }, headers })
    expect((await problemOf(other)).code).toBe('idempotency_key_reused')
  })

  test('is not used up by a request that was refused', async () => {
    const headers = { 'idempotency-key': 'endpoint-3' }
    for (let i = 0; i < 20; i++) await create()
    const full = await server.request(PATH, { json: { url: URL }, headers })
    expect((await problemOf(full)).code).toBe('too_many_endpoints')
    const list = await bodyOf<{ data: WebhookEndpoint[] }>(await server.request(PATH))
    await server.request(`${PATH}/${list.data[3]?.id}`, { method: 'DELETE' })
    expect((await create({}, headers)).response.status).toBe(201)
  })
})

describe('refuses', () => {
  test.each([
    [{ url: 'ftp://example.com' }, 'invalid_webhook_url', '/url'],
    [{ url: 'https://a:b@example.com' }, 'invalid_webhook_url', '/url'],
    [{ url: URL, events: [] }, 'invalid_request', '/events'],
    [{ url: URL, events: ['endpoint.test'] }, 'invalid_request', '/events/0'],
    [{ url: URL, secret: 'whsec_mine' }, 'invalid_request', '/secret'],
  ])('%j', async (json, code, pointer) => {
    const problem = await problemOf(await server.request(PATH, { json }))
    expect(problem.code).toBe(code)
    expect(problem.errors[0]?.pointer).toBe(pointer)
  })

  test.each([
    ['GET', `${PATH}/%00`, undefined],
    ['GET', '/v1/deliveries/%00', undefined],
    ['GET', '/v1/deliveries?endpoint_id=%00', undefined],
    ['GET', '/v1/deliveries?call_id=a%00b&since=9999-12-31T23:59:59.999Z', undefined],
    ['GET', '/v1/deliveries?since=0001-01-01T00:00:00Z', undefined],
    ['POST', '/v1/deliveries/%FF/redeliver', undefined],
    ['POST', `${PATH}/%F0%9F%98%80/test`, undefined],
    ['POST', PATH, { url: 'https://example.com/\0' }],
    ['POST', PATH, { url: URL, description: 'a\0b' }],
    ['POST', PATH, { url: URL, description: '\ud800' }],
    ['POST', PATH, { url: URL, events: null }],
  ])('%s %s %j without a fault of ours', async (method, path, json) => {
    const response = await server.request(path, { method, ...(json === undefined ? {} : { json }) })
    expect(response.status).toBeLessThan(500)
  })

  test('the twenty-first, also when many are made at once', async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => create()))
    const statuses = answers.map(({ response }) => response.status).sort()
    expect(statuses).toEqual([...Array(20).fill(201), ...Array(4).fill(409)])
  })
})

const one = (suffix = '') => ({
  async path(owner: 'mine' | 'theirs') {
    const { organizationId } = server[owner]
    const { resource } = await createWebhookEndpoint(server.context, {
      organizationId,
      mode: 'test',
      request: { url: URL },
    })
    return `${PATH}/${resource.id}${suffix}`
  },
  unknownPath: `${PATH}/endp_00000000000000000000000000${suffix}`,
  isModeBound: true,
})
describeProtection(() => server, {
  create: { method: 'POST', path: () => PATH, json: { url: URL } },
  list: { method: 'GET', path: () => PATH },
  get: { method: 'GET', ...one() },
  update: { method: 'PATCH', ...one(), json: { enabled: true } },
  delete: { method: 'DELETE', ...one() },
  rotate: { method: 'POST', ...one('/rotate-secret') },
  complete: { method: 'POST', ...one('/complete-rotation') },
  test: { method: 'POST', ...one('/test') },
})
