import { recordingLinkSchema } from '@phonevoice/contracts'
import { answerCall, recordCarrierStatus } from '@phonevoice/services/calls'
import { completeRecording, startRecording } from '@phonevoice/services/recordings'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import { ORIGIN, problemOf, seedCall, startTestServer, type TestServer } from '../../testing/test-server.ts'

const audio = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))

let server: TestServer
let callId: string
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
  callId = await recordedCall()
})
afterAll(() => server.close())

async function recordedCall(): Promise<string> {
  const { context, storage } = server
  const id = await seedCall(server, server.mine)
  const carrierCallId = `CA${id}`
  await answerCall(context, { callId: id, carrierCallId })
  const report = { callId: id, carrierCallId, carrierCode: null, atMs: server.clock.now() }
  await recordCarrierStatus(context, { ...report, status: 'completed' })
  await startRecording(context, { callId: id })
  const storageKey = `recordings/${id}.wav`
  const { sizeBytes } = await storage.put(storageKey, audio)
  await completeRecording(context, { callId: id, status: 'ready', storageKey, durationMs: 12_500, sizeBytes })
  return id
}

async function freshLink(id = callId): Promise<string> {
  const response = await server.request(`/v1/calls/${id}/recording`)
  return recordingLinkSchema.parse(await response.json()).url.slice(ORIGIN.length)
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

describe('works', () => {
  test('the call and the recording link to audio that opens without a key', async () => {
    const response = await server.request(`/v1/calls/${callId}/recording`)
    const link = recordingLinkSchema.parse(await response.json())
    expect(link).toMatchObject({ duration_seconds: 12.5, size_bytes: 1000 })
    expect(new Date(link.expires_at).getTime()).toBe(server.clock.now() + 7 * 86_400_000)
    const opened = await server.request(link.url.slice(ORIGIN.length), { key: null })
    expect(opened.headers.get('content-type')).toBe('audio/wav')
    expect(opened.headers.get('cache-control')).toContain('private')
    expect(await bytesOf(opened)).toEqual(audio)
    const call = (await (await server.request(`/v1/calls/${callId}`)).json()) as { recording_url: string }
    expect((await server.request(call.recording_url.slice(ORIGIN.length), { key: null })).status).toBe(200)
  })

  test.each([
    ['bytes=0-9', 206, 0, 9],
    ['bytes=990-', 206, 990, 999],
    ['bytes=-5', 206, 995, 999],
    ['bytes=900-5000', 206, 900, 999],
    ['bytes=0-1,5-6', 200, 0, 999],
    ['lines=1-2', 200, 0, 999],
    ['bytes=9-1', 200, 0, 999],
  ])('%s', async (range, status, start, end) => {
    for (const [path, key] of [
      [await freshLink(), null],
      [`/v1/calls/${callId}/recording/audio`, server.mine.testKey],
    ] as const) {
      const response = await server.request(path, { key, headers: { range } })
      expect(response.status).toBe(status)
      expect(await bytesOf(response)).toEqual(audio.subarray(start, end + 1))
      expect(response.headers.get('content-length')).toBe(String(end - start + 1))
      expect(response.headers.get('content-range')).toBe(status === 206 ? `bytes ${start}-${end}/1000` : null)
    }
  })

  test('HEAD tells the size; a range of another recording is not taken', async () => {
    const path = await freshLink()
    const head = await server.request(path, { method: 'HEAD', key: null })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '1000'])
    const headers = { range: 'bytes=0-9', 'if-range': '"another"' }
    expect((await server.request(path, { key: null, headers })).status).toBe(200)
    const same = { range: 'bytes=0-9', 'if-range': head.headers.get('etag') ?? '' }
    expect((await server.request(path, { key: null, headers: same })).status).toBe(206)
  })
})

describe('refuses', () => {
  test('a range beyond the end', async () => {
    const response = await server.request(await freshLink(), { key: null, headers: { range: 'bytes=1000-' } })
    expect((await problemOf(response)).code).toBe('range_not_satisfiable')
    expect(response.headers.get('content-range')).toBe('bytes */1000')
  })

  test('a call that is not over, and one that is not recorded', async () => {
    const codeOf = async (id: string) =>
      (await problemOf(await server.request(`/v1/calls/${id}/recording`))).code
    expect(await codeOf(await seedCall(server, server.mine))).toBe('recording_not_ready')
    const json = { phone_number: '+12025550100', assistant_id: server.mine.assistantId, record: false }
    const call = (await (await server.request('/v1/calls', { json })).json()) as { id: string }
    expect(await codeOf(call.id)).toBe('recording_unavailable')
  })
})

describe('protects', () => {
  test('a link that was never ours, was changed, was revoked, or is old', async () => {
    const codeOf = async (path: string) => (await problemOf(await server.request(path, { key: null }))).code
    const id = await recordedCall()
    const link = await freshLink(id)
    expect(await codeOf('/rec/x')).toBe('not_found')
    expect(await codeOf(`${link.slice(0, -2)}${link.endsWith('AA') ? 'BB' : 'AA'}`)).toBe('not_found')
    const revoked = await server.request(`/v1/calls/${id}/recording/revoke-links`, { method: 'POST' })
    expect(revoked.status).toBe(204)
    expect(await codeOf(link)).toBe('link_expired')
    const fresh = await freshLink(id)
    server.clock.advance(7 * 86_400_000)
    const response = await server.request(fresh, { key: null })
    expect([response.status, (await problemOf(response)).code]).toEqual([410, 'link_expired'])
  })
})

const UNKNOWN_CALL = '/v1/calls/call_00000000000000000000000000'
describeProtection(() => server, {
  revoke: {
    method: 'POST',
    path: async (owner) => `/v1/calls/${await seedCall(server, server[owner])}/recording/revoke-links`,
    unknownPath: `${UNKNOWN_CALL}/recording/revoke-links`,
    isModeBound: true,
  },
})
