import type { DeliveryResource } from '@phonevoice/contracts'
import { deliverySchema } from '@phonevoice/contracts'
import { createWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import { bodyOf, problemOf, seedCall, startTestServer, type TestServer } from '../../testing/test-server.ts'

interface DeliveryPage {
  data: DeliveryResource[]
  has_more: boolean
  next_cursor: string | null
}

let server: TestServer
let endpointIds: string[]
const callIds = { mine: [] as string[], theirs: [] as string[] }
/** Two endpoints, and three calls whose first event goes to both. */
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
  endpointIds = []
  for (const owner of ['mine', 'mine', 'theirs'] as const) {
    const { organizationId } = server[owner]
    const request = { url: 'https://example.com/hooks', events: ['call.queued' as const] }
    const { resource } = await createWebhookEndpoint(server.context, {
      organizationId,
      mode: 'test',
      request,
    })
    if (owner === 'mine') endpointIds.push(resource.id)
  }
  for (const owner of ['mine', 'mine', 'mine', 'theirs'] as const) {
    server.clock.advance(1000)
    callIds[owner].push(await seedCall(server, server[owner]))
  }
})
afterAll(() => server.close())

async function list(query = ''): Promise<DeliveryPage> {
  const page = await bodyOf<DeliveryPage>(await server.request(`/v1/deliveries?${query}`))
  for (const delivery of page.data) expect(deliverySchema.parse(delivery)).toEqual(delivery)
  return page
}

const setStatus = (id: string, status: string) =>
  server.db
    .sql`update deliveries set status = ${status}, next_at = null, failed_reason = 'retries_exhausted' where id = ${id}`

describe('works', () => {
  test('the list is newest first, of one organization, and filtered', async () => {
    const all = await list()
    expect(all.data.map((delivery) => delivery.call_id)).toEqual(
      [...callIds.mine].reverse().flatMap((id) => [id, id]),
    )
    expect(new Set(all.data.map((delivery) => delivery.endpoint_id))).toEqual(new Set(endpointIds))
    const [newest] = all.data
    await setStatus(newest!.id, 'failed')
    expect((await list('status=failed')).data).toMatchObject([{ id: newest!.id, status: 'failed' }])
    expect((await list('status=pending')).data).toHaveLength(5)
    expect((await list('status=delivered')).data).toEqual([])
    expect((await list(`endpoint_id=${endpointIds[0]}`)).data).toHaveLength(3)
    expect((await list(`call_id=${callIds.mine[0]}`)).data).toHaveLength(2)
    expect((await list(`call_id=${callIds.theirs[0]}`)).data).toEqual([])
    const since = encodeURIComponent(newest!.created_at)
    expect((await list(`since=${since}`)).data.map((delivery) => delivery.call_id)).toEqual([
      callIds.mine[2],
      callIds.mine[2],
    ])
  })

  test('pages follow each other without gap or overlap', async () => {
    const seen: string[] = []
    let cursor = ''
    for (let pages = 0; pages < 10; pages++) {
      const page = await list(`limit=1${cursor}`)
      seen.push(...page.data.map((delivery) => delivery.id))
      if (page.next_cursor === null) break
      cursor = `&cursor=${page.next_cursor}`
    }
    expect(seen).toEqual((await list()).data.map((delivery) => delivery.id))
  })

  test('the deliveries of a call keep the receivers of an event together', async () => {
    const path = `/v1/calls/${callIds.mine[0]}/deliveries?limit=1`
    const page = await bodyOf<DeliveryPage>(await server.request(path))
    expect(page).toMatchObject({
      data: [{ sequence: 1 }, { sequence: 1 }],
      has_more: false,
      next_cursor: null,
    })
  })

  test('a failed one is made due again', async () => {
    const [delivery] = (await list(`call_id=${callIds.mine[0]}`)).data
    await setStatus(delivery!.id, 'failed')
    const response = await server.request(`/v1/deliveries/${delivery!.id}/redeliver`, { method: 'POST' })
    expect(response.status).toBe(202)
    expect(await bodyOf(response)).toMatchObject({
      id: delivery!.id,
      event_id: delivery!.event_id,
      status: 'pending',
      failed_reason: null,
      replays: 1,
      next_attempt_at: new Date(server.clock.now()).toISOString(),
    })
  })

  test('all that an endpoint failed to take since a time', async () => {
    const [endpointId] = endpointIds
    const mine = (await list(`endpoint_id=${endpointId}`)).data
    for (const delivery of mine) await setStatus(delivery.id, 'failed')
    const response = await server.request(`/v1/webhook-endpoints/${endpointId}/redeliver-failed`, {
      json: { since: mine[1]!.created_at },
    })
    expect([response.status, await response.json()]).toEqual([
      202,
      { object: 'redelivery', count: 2, has_more: false },
    ])
  })
})

describe('refuses', () => {
  test('a replay to an endpoint that is disabled', async () => {
    const endpointId = endpointIds[1]!
    const [delivery] = (await list(`endpoint_id=${endpointId}`)).data
    const enable = (enabled: boolean) =>
      server.request(`/v1/webhook-endpoints/${endpointId}`, { method: 'PATCH', json: { enabled } })
    await enable(false)
    const one = await server.request(`/v1/deliveries/${delivery!.id}/redeliver`, { method: 'POST' })
    expect((await problemOf(one)).code).toBe('endpoint_disabled')
    const all = await server.request(`/v1/webhook-endpoints/${endpointId}/redeliver-failed`, {
      json: { since: '2020-01-01T00:00:00Z' },
    })
    expect((await problemOf(all)).code).toBe('endpoint_disabled')
    await enable(true)
  })

  test.each(['status=open', 'since=yesterday', 'cursor=x', 'limit=0', 'endpoint=x'])('?%s', async (query) => {
    expect((await problemOf(await server.request(`/v1/deliveries?${query}`))).status).toBe(422)
  })

  test.each([{}, { since: 'yesterday' }, { since: '2020-01-01T00:00:00Z', until: 'x' }])(
    'redeliver-failed with %j',
    async (json) => {
      const response = await server.request(`/v1/webhook-endpoints/${endpointIds[0]}/redeliver-failed`, {
        json,
      })
      expect((await problemOf(response)).code).toBe('invalid_request')
    },
  )
})

const one = (suffix = '') => ({
  async path(owner: 'mine' | 'theirs') {
    const rows = await server.db.sql<
      { id: string }[]
    >`select id from deliveries where call_id = ${callIds[owner][0]!} limit 1`
    return `/v1/deliveries/${rows[0]?.id}${suffix}`
  },
  unknownPath: `/v1/deliveries/dlv_00000000000000000000000000${suffix}`,
  isModeBound: true,
})
describeProtection(() => server, {
  list: { method: 'GET', path: () => '/v1/deliveries' },
  get: { method: 'GET', ...one() },
  redeliver: { method: 'POST', ...one('/redeliver') },
  'redeliver-failed': {
    method: 'POST',
    json: { since: '2020-01-01T00:00:00Z' },
    async path(owner) {
      const { organizationId } = server[owner]
      const rows = await server.db.sql<{ id: string }[]>`
        select id from webhook_endpoints where organization_id = ${organizationId} limit 1`
      return `/v1/webhook-endpoints/${rows[0]?.id}/redeliver-failed`
    },
    unknownPath: '/v1/webhook-endpoints/endp_00000000000000000000000000/redeliver-failed',
    isModeBound: true,
  },
})
