import { answerCall, recordCarrierStatus, recordUtterance } from '@phonevoice/services/calls'
import { completeRecording, startRecording } from '@phonevoice/services/recordings'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import {
  bodyOf,
  ORIGIN,
  problemOf,
  seedCall,
  startTestServer,
  type TestServer,
} from '../../testing/test-server.ts'

const WORDS = 'the pin is four four two one'

let server: TestServer
let callId: string
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())
beforeEach(async () => {
  callId = await recordedCall()
})

async function liveCall(): Promise<string> {
  const id = await seedCall(server, server.mine)
  await answerCall(server.context, { callId: id, carrierCallId: `CA${id}` })
  return id
}

/** A call on which something was said, with a recording. */
async function recordedCall(): Promise<string> {
  const { context, storage } = server
  const id = await liveCall()
  const said = { turn: 1, role: 'user' as const, text: WORDS, text_planned: null, interrupted: false }
  await recordUtterance(context, {
    callId: id,
    utterance: { ...said, start_ms: 0, end_ms: 9, cut_offset_ms: null },
  })
  const ended = { callId: id, carrierCallId: `CA${id}`, carrierCode: null, status: 'completed' as const }
  await recordCarrierStatus(context, { ...ended, atMs: server.clock.now() })
  await startRecording(context, { callId: id })
  const storageKey = `recordings/${id}/call.wav`
  const { sizeBytes } = await storage.put(storageKey, Buffer.from('audio'))
  await completeRecording(context, { callId: id, status: 'ready', storageKey, durationMs: 1000, sizeBytes })
  return id
}

const remove = (id = callId) => server.request(`/v1/calls/${id}/content`, { method: 'DELETE' })
const read = (path: string) => server.request(`/v1/calls/${callId}${path}`)

describe('works', () => {
  test('the call says that its content is gone, and so does everything that would show it', async () => {
    const { recording_url } = await bodyOf<{ recording_url: string }>(await read(''))
    const response = await remove()
    expect(response.status).toBe(200)
    const call = await bodyOf<Record<string, unknown>>(response)
    expect(call).toMatchObject({
      id: callId,
      status: 'completed',
      phone_number: '+*******0100',
      metadata: {},
      recording_url: null,
      content_deleted_at: new Date(server.clock.now()).toISOString(),
    })
    expect(await bodyOf(await read(''))).toEqual(call)
    for (const path of ['/transcript', '/recording', '/recording/audio'])
      expect(await problemOf(await read(path)), path).toMatchObject({ status: 410, code: 'content_deleted' })
    const link = await server.request(recording_url.slice(ORIGIN.length), { key: null })
    expect(await problemOf(link)).toMatchObject({ status: 410, code: 'content_deleted' })
  })

  test('its events keep their frame, in the list and in the stream', async () => {
    const before = await bodyOf<{ data: Record<string, unknown>[] }>(await read('/events'))
    await remove()
    const { data } = await bodyOf<{ data: Record<string, unknown>[] }>(await read('/events'))
    expect(data).toEqual(before.data.map((event) => ({ ...event, data: { redacted: true } })))
    const stream = await read('/events/stream')
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('call.ended')) text += (await reader?.read())?.value ?? 'call.ended'
    await reader?.cancel()
    expect(text).toContain('"data":{"redacted":true}')
    expect(text).not.toContain(WORDS)
  })

  test('again is the same again', async () => {
    const first = await (await remove()).text()
    server.clock.advance(5000)
    expect(await (await remove()).text()).toBe(first)
  })
})

describe('refuses', () => {
  test('a call that is not over, and says what to do', async () => {
    const id = await liveCall()
    const problem = await problemOf(await remove(id))
    expect(problem).toMatchObject({ status: 409, code: 'call_not_ended' })
    expect(problem.detail).toContain('/end')
  })
})

describeProtection(() => server, {
  'DELETE /v1/calls/{id}/content': {
    method: 'DELETE',
    path: async (owner) => `/v1/calls/${await seedCall(server, server[owner])}/content`,
    unknownPath: '/v1/calls/call_00000000000000000000000000/content',
    isModeBound: true,
  },
})
