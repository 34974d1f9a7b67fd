import type { ApiKeyCreated, ApiKeyResource, ApiKeyRotated, AuditEntry, Scope } from '@phonevoice/contracts'
import { createApiKey } from '@phonevoice/services/api-keys'
import { answerCall, endCall } from '@phonevoice/services/calls'
import { completeRecording, startRecording } from '@phonevoice/services/recordings'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import { bodyOf, problemOf, seedCall, startTestServer, type TestServer } from '../../testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

const isoIn = (ms: number) => new Date(server.clock.now() + ms).toISOString()
const create = (json: Record<string, unknown>, key = server.mine.testKey, headers = {}) =>
  server.request('/v1/api-keys', { json, key, headers })

async function newKey(json: Record<string, unknown> = {}, key?: string): Promise<ApiKeyCreated> {
  const response = await create({ name: 'k', ...json }, key)
  expect(response.status).toBe(201)
  return await bodyOf<ApiKeyCreated>(response)
}

describe('works', () => {
  test('a key is shown once, works at once, and is listed without itself', async () => {
    const response = await create({ name: 'ci', scopes: ['calls:read', 'calls:read'] })
    const made = await bodyOf<ApiKeyCreated>(response)
    expect(response.headers.get('location')).toBe(`/v1/api-keys/${made.id}`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(made).toMatchObject({ mode: 'test', scopes: ['calls:read'], status: 'active', expires_at: null })
    expect((await server.request('/v1/calls', { key: made.key })).status).toBe(200)
    const { key, ...shown } = made
    const got = await bodyOf<ApiKeyResource>(await server.request(`/v1/api-keys/${made.id}`))
    expect({ ...got, last_used_at: null }).toEqual(shown)
    const list = await (await server.request('/v1/api-keys?limit=100')).text()
    expect(list).toContain(made.id)
    expect(list).not.toContain(key)
  })

  test('a rotated key works beside its successor until the overlap is over', async () => {
    const old = await newKey({ scopes: ['calls:read', 'keys:write'] })
    const rotated = await server.request(`/v1/api-keys/${old.id}/rotate`, {
      json: { overlap_seconds: 60 },
      key: old.key,
    })
    const fresh = await bodyOf<ApiKeyRotated>(rotated)
    expect([rotated.status, fresh.replaces, fresh.old_key_expires_at]).toEqual([201, old.id, isoIn(60_000)])
    for (const { key } of [old, fresh]) expect((await server.request('/v1/calls', { key })).status).toBe(200)
    server.clock.advance(60_000)
    const expired = await problemOf(await server.request('/v1/calls', { key: old.key }))
    expect(expired).toMatchObject({ status: 401, code: 'api_key_expired' })
    expect((await server.request('/v1/calls', { key: fresh.key })).status).toBe(200)
  })

  test('a revoked key is refused, and stays listed', async () => {
    const { id, key } = await newKey()
    const revoked = await server.request(`/v1/api-keys/${id}/revoke`, { method: 'POST' })
    expect(await bodyOf<ApiKeyResource>(revoked)).toMatchObject({ status: 'revoked', revoked_at: isoIn(0) })
    expect((await problemOf(await server.request('/v1/calls', { key }))).code).toBe('invalid_api_key')
    expect((await server.request(`/v1/api-keys/${id}/revoke`, { method: 'POST' })).status).toBe(200)
  })

  test('the same request with the same Idempotency-Key gets the same key, but only by the same key', async () => {
    const headers = { 'idempotency-key': 'one' }
    const [one, two] = [
      await create({ name: 'k' }, undefined, headers),
      await create({ name: 'k' }, undefined, headers),
    ]
    expect(two.headers.get('idempotent-replayed')).toBe('true')
    expect(await two.text()).toBe(await one.text())
    const { key } = await newKey({ scopes: ['keys:write'] })
    const other = await problemOf(await create({ name: 'k' }, key, headers))
    expect(other.code).toBe('idempotency_key_reused')
  })

  test('the audit log tells who made, rotated and revoked, and from where', async () => {
    const maker = await newKey({ name: 'maker' })
    const made = await newKey({ name: 'made' }, maker.key)
    const headers = { 'x-request-id': 'my-request-1' }
    await server.request(`/v1/api-keys/${made.id}/rotate`, { json: {}, key: maker.key, headers })
    await server.request(`/v1/api-keys/${made.id}/revoke`, { method: 'POST', key: maker.key })
    const { data } = await bodyOf<{ data: AuditEntry[] }>(
      await server.request(`/v1/audit-log?resource_id=${made.id}`),
    )
    expect(data.map(({ action }) => action).sort()).toEqual([
      'api_key.created',
      'api_key.revoked',
      'api_key.rotated',
    ])
    for (const { actor } of data)
      expect(actor).toEqual({ type: 'api_key', id: maker.id, ip_address: '127.0.0.1' })
    expect(data.find(({ action }) => action === 'api_key.rotated')?.request_id).toBe('my-request-1')
    const since = `after=${encodeURIComponent(isoIn(0))}&before=${encodeURIComponent(isoIn(1))}`
    const rotated = await server.request(`/v1/audit-log?action=api_key.rotated&${since}&limit=1`)
    expect((await bodyOf<{ data: AuditEntry[] }>(rotated)).data).toHaveLength(1)
    const live = await server.request('/v1/audit-log?limit=100', { key: server.mine.liveKey })
    expect(await live.text()).not.toContain(made.id)
  })
})

describe('refuses', () => {
  test('a key that may do more, lives longer, or has another mode than the one that asks', async () => {
    const { key } = await newKey({ scopes: ['keys:write', 'calls:read'], expires_at: isoIn(100_000) })
    const lacking = await problemOf(await create({ name: 'k', scopes: ['calls:read', 'calls:write'] }, key))
    expect(lacking).toMatchObject({
      status: 403,
      code: 'insufficient_scope',
      errors: [{ pointer: 'header/Authorization', message: 'needs the scope calls:write' }],
    })
    expect(await newKey({}, key)).toMatchObject({
      scopes: ['keys:write', 'calls:read'],
      expires_at: isoIn(100_000),
    })
    for (const wrong of [{ expires_at: isoIn(100_001) }, { expires_at: isoIn(0) }, { mode: 'live' }])
      expect((await problemOf(await create({ name: 'k', ...wrong }, key))).status).toBe(422)
    const full = await newKey()
    const rotation = await server.request(`/v1/api-keys/${full.id}/rotate`, { json: {}, key })
    expect((await problemOf(rotation)).code).toBe('insufficient_scope')
    expect(
      (await bodyOf<ApiKeyResource>(await server.request(`/v1/api-keys/${full.id}`))).replaced_by,
    ).toBeNull()
  })

  test('a second rotation of the same key, and an overlap beyond 30 days', async () => {
    const { id } = await newKey()
    const rotate = (json: unknown) => server.request(`/v1/api-keys/${id}/rotate`, { json })
    expect((await problemOf(await rotate({ overlap_seconds: 2_592_001 }))).status).toBe(422)
    expect((await rotate({})).status).toBe(201)
    expect((await problemOf(await rotate({}))).code).toBe('api_key_not_active')
  })
})

describe('what a key without recordings:read sees', () => {
  async function recordedCall(): Promise<string> {
    const { context, mine, db } = server
    const callId = await seedCall(server, mine)
    const { organizationId } = mine
    await answerCall(context, { callId, carrierCallId: `CA${callId}` })
    await startRecording(context, { callId })
    const done = { status: 'ready', storageKey: 'k', durationMs: 1000, sizeBytes: 9 } as const
    await completeRecording(context, { callId, ...done })
    await endCall(context, { organizationId, mode: 'test', callId })
    const data = JSON.stringify({ status: 'completed', recording_url: 'https://api.example.com/rec/x', z: 1 })
    await db.sql`update calls set status = 'completed', ended_at = ${new Date(server.clock.now())}, is_recorded = true,
      last_sequence = last_sequence + 1 where id = ${callId}`
    await db.sql`insert into call_events (id, call_id, sequence, type, occurred_at, data)
      select 'evt_' || ${callId}, id, last_sequence, 'call.completed', ${new Date(server.clock.now())}, ${data} from calls where id = ${callId}`
    return callId
  }
  const keyWith = async (scopes: Scope[]) =>
    (await createApiKey(server.context, { ...server.mine, mode: 'test', name: 'k', scopes })).key

  test('is a call and its events without a link to the recording', async () => {
    const callId = await recordedCall()
    const deaf = await keyWith(['calls:read'])
    const hearing = await keyWith(['calls:read', 'recordings:read'])
    const paths = ['', '/events', '/events/stream?after=1'].map((path) => `/v1/calls/${callId}${path}`)
    for (const path of [...paths, '/v1/calls']) {
      const [hidden, shown] = await Promise.all(
        [deaf, hearing].map(async (key) => (await server.request(path, { key })).text()),
      )
      expect(hidden, path).toContain('"recording_url":null')
      expect(hidden, path).not.toContain('/rec/')
      expect(shown, path).toContain('"recording_url":"https://api.example.com/rec/')
    }
    const events = await (await server.request(`/v1/calls/${callId}/events`, { key: hearing })).text()
    expect(events).toContain(
      '"data":{"status":"completed","recording_url":"https://api.example.com/rec/x","z":1}',
    )
    const { data } = await bodyOf<{ data: AuditEntry[] }>(
      await server.request(`/v1/audit-log?resource_id=${callId}`),
    )
    expect(data.map(({ action }) => action)).toEqual(['recording.link_issued'])
  })

  test('an event stream ends when its key is revoked', async () => {
    const callId = await seedCall(server, server.mine)
    const { id, key } = await newKey({ scopes: ['calls:read'] })
    const response = await server.request(`/v1/calls/${callId}/events/stream?after=1`, { key })
    const reading = response.text()
    await server.request(`/v1/api-keys/${id}/revoke`, { method: 'POST' })
    const ended = reading.then(() => true)
    // The stream looks at its key whenever it looks for news: every two seconds.
    await expect
      .poll(() => {
        server.clock.advance(2000)
        return Promise.race([ended, Promise.resolve(false)])
      })
      .toBe(true)
  })
})

const aKey = (owner: 'mine' | 'theirs') =>
  createApiKey(server.context, { ...server[owner], mode: 'test', name: 'k' }).then(({ id }) => id)
const unknownPath = '/v1/api-keys/key_00000000000000000000000000'

describeProtection(() => server, {
  create: { method: 'POST', path: () => '/v1/api-keys', json: { name: 'k' } },
  list: { method: 'GET', path: () => '/v1/api-keys' },
  get: {
    method: 'GET',
    path: async (owner) => `/v1/api-keys/${await aKey(owner)}`,
    unknownPath,
    isModeBound: true,
  },
  revoke: {
    method: 'POST',
    path: async (owner) => `/v1/api-keys/${await aKey(owner)}/revoke`,
    unknownPath: `${unknownPath}/revoke`,
    isModeBound: true,
  },
  rotate: {
    method: 'POST',
    path: async (owner) => `/v1/api-keys/${await aKey(owner)}/rotate`,
    json: {},
    unknownPath: `${unknownPath}/rotate`,
    isModeBound: true,
  },
  'audit log': { method: 'GET', path: () => '/v1/audit-log' },
})
