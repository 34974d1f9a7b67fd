import { createApiKey, createAuthenticator } from '@phonevoice/services/api-keys'
import { setLimits } from '@phonevoice/services/limits'
import { createOrganization } from '@phonevoice/services/organizations'
import { createAddressGuard } from '@phonevoice/services/rate-limits'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { ApiEnv } from '../dependencies.ts'
import { handleError } from '../error-handler.ts'
import { problemOf, startTestServer, type TestServer } from '../testing/test-server.ts'
import { bearer } from './bearer.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

describe('rates', () => {
  test('every answer says what is left; too many requests of one key wait, those of another do not', async () => {
    const { mine, theirs } = server
    await setLimits(server.context, { organizationId: mine.organizationId, change: { requestsPerSecond: 3 } })
    for (let left = 5; left >= 0; left--) {
      const response = await server.request('/v1/calls')
      expect(response.status).toBe(200)
      expect(response.headers.get('ratelimit-policy')).toBe('"requests";q=6;w=2')
      expect(response.headers.get('ratelimit')).toBe(`"requests";r=${left};t=${Math.ceil((6 - left) / 3)}`)
    }
    const refused = await server.request('/v1/calls')
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(refused.headers.get('ratelimit')).toBe('"requests";r=0;t=2')
    expect(await problemOf(refused)).toMatchObject({ code: 'rate_limited', status: 429 })
    expect((await server.request('/v1/calls', { key: theirs.testKey })).status).toBe(200)
    await server.rateLimiter.sync()
    server.clock.advance(1000)
    expect((await server.request('/v1/calls')).status).toBe(200)
    await setLimits(server.context, {
      organizationId: mine.organizationId,
      change: { requestsPerSecond: null },
    })
    server.clock.advance(10_000)
  })

  test('creates are counted for the whole organization, and a refused one creates nothing', async () => {
    const { theirs } = server
    const { organizationId, assistantId } = theirs
    await setLimits(server.context, { organizationId, change: { createsPerSecond: 1 } })
    const other = await createApiKey(server.context, { organizationId, mode: 'test', name: 'other' })
    const create = (key: string) =>
      server.request('/v1/calls', { key, json: { phone_number: '+12025550100', assistant_id: assistantId } })
    const first = await create(theirs.testKey)
    expect(first.status).toBe(201)
    expect(first.headers.get('ratelimit-policy')).toBe('"requests";q=200;w=2, "creates";q=2;w=2')
    expect((await create(other.key)).status).toBe(201)
    const refused = await create(theirs.testKey)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect((await problemOf(refused)).code).toBe('rate_limited')
    const rows = await server.db.sql`select from calls where organization_id = ${organizationId}`
    expect(rows).toHaveLength(2)
    expect((await server.request('/v1/calls', { key: theirs.testKey })).status).toBe(200)
  })
})

test('an address with too many rejected keys is told to wait without a look; a key that is known works', async () => {
  const { context, clock } = server
  const { id: organizationId } = await createOrganization(context, { name: 'Guarded' })
  const known = await createApiKey(context, { organizationId, mode: 'test', name: 'known' })
  const unknown = await createApiKey(context, { organizationId, mode: 'test', name: 'unknown' })
  const authenticator = createAuthenticator(context)
  const authenticate = vi.spyOn(authenticator, 'authenticate')
  const guard = createAddressGuard({ clock, rate: { perSecond: 1, burst: 3 } })
  const app = new Hono<ApiEnv>()
  app.onError(handleError)
  app.use(bearer({ authenticator, guard, trustedProxies: 1 })).get('/', (c) => c.text('in'))
  const send = (key: string, address: string) =>
    app.request('/', { headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': address } })

  expect((await send(known.key, '1.1.1.1')).status).toBe(200)
  for (let i = 0; i < 3; i++) expect((await send(`pv_test_wrong${i}`, '1.1.1.1')).status).toBe(401)
  authenticate.mockClear()
  const refused = await send(unknown.key, '1.1.1.1')
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect((await send('pv_test_wrong', '1.1.1.1')).status).toBe(429)
  expect(authenticate).not.toHaveBeenCalled()
  expect((await send(known.key, '1.1.1.1')).status).toBe(200)
  expect((await send(unknown.key, '2.2.2.2')).status).toBe(200)
  clock.advance(1000)
  expect((await send('pv_test_wrong', '1.1.1.1')).status).toBe(401)
})
