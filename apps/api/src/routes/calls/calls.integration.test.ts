import { type Call, callSchema, ERROR_CODES } from '@phonevoice/contracts'
import { answerCall, recordCarrierStatus, recordUtterance } from '@phonevoice/services/calls'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import { bodyOf, problemOf, seedCall, startTestServer, type TestServer } from '../../testing/test-server.ts'

interface Page<T> {
  data: T[]
  has_more: boolean
  next_cursor: string | null
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

function order(patch: Record<string, unknown> = {}) {
  return { phone_number: '+12025550100', assistant_id: server.mine.assistantId, ...patch }
}

const create = (json: unknown, headers: Record<string, string> = {}) =>
  server.request('/v1/calls', { json, headers })

async function callCount(): Promise<number> {
  const [row] = await server.db.sql<[{ count: number }]>`select count(*)::int as count from calls`
  return row.count
}

describe('creating works', () => {
  test('three fields are enough, and the answer is the whole call', async () => {
    const response = await create(order({ webhook_url: 'https://example.com/hooks' }))
    expect(response.status).toBe(201)
    const call = callSchema.parse(await response.json())
    expect(call).toMatchObject({ status: 'queued', mode: 'test', phone_number: '+12025550100', cost: null })
    const read = await bodyOf<Call>(await server.request(`/v1/calls/${call.id}`))
    expect(read).toEqual({ ...call, queue_position: 1 })
  })

  test('the same idempotency key gets the same bytes and rings no second phone', async () => {
    const headers = { 'Idempotency-Key': 'order-1' }
    const before = await callCount()
    const answers = await Promise.all([1, 2, 3].map(() => create(order(), headers)))
    const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())))
    expect(bodies.size).toBe(1)
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(2)
    expect(await callCount()).toBe(before + 1)
    const other = await create(order({ record: false }), headers)
    expect((await problemOf(other)).code).toBe('idempotency_key_reused')
  })
})

describe('creating refuses, and creates nothing', () => {
  const cases: [string, () => Record<string, unknown>, string, string[]][] = [
    ['no phone number', () => ({ assistant_id: 'x' }), 'invalid_request', ['/phone_number']],
    [
      'a number that is none',
      () => order({ phone_number: '0612345678' }),
      'invalid_phone_number',
      ['/phone_number'],
    ],
    ['a caller id that is none', () => order({ from: '+1' }), 'invalid_phone_number', ['/from']],
    [
      'a webhook URL that is none',
      () => order({ webhook_url: 'nope' }),
      'invalid_webhook_url',
      ['/webhook_url'],
    ],
    [
      'two wrong fields',
      () => order({ phone_number: '1', webhook_url: 'nope' }),
      'invalid_request',
      ['/phone_number', '/webhook_url'],
    ],
    ['a field it does not know', () => order({ phone: '+1' }), 'invalid_request', ['/phone']],
    [
      'an override it does not know',
      () => order({ assistant_overrides: { llm: { modl: 'x' } } }),
      'invalid_request',
      ['/assistant_overrides/llm/modl'],
    ],
    ['an unknown assistant', () => order({ assistant_id: 'asst_x' }), 'unknown_assistant', ['/assistant_id']],
    [
      "another organization's assistant",
      () => order({ assistant_id: server.theirs.assistantId }),
      'unknown_assistant',
      ['/assistant_id'],
    ],
    [
      'a real phone with a test key',
      () => order({ phone_number: '+14155552671' }),
      'number_not_simulated',
      ['/phone_number'],
    ],
  ]
  test.each(cases)('%s', async (_title, json, code, pointers) => {
    const before = await callCount()
    const problem = await problemOf(await create(json()))
    expect(problem).toMatchObject({ code, status: ERROR_CODES[code as keyof typeof ERROR_CODES].status })
    expect(problem.errors.map((each) => each.pointer)).toEqual(pointers)
    expect(await callCount()).toBe(before)
  })

  test('the refusal of a real phone lists the simulated ones', async () => {
    const { detail } = await problemOf(await create(order({ phone_number: '+14155552671' })))
    expect(detail).toContain('+12025550100')
    expect(detail).toContain('+12025550112')
  })

  test('bodies that are not JSON, of another type, too large, or missing', async () => {
    const headers = { 'content-type': 'application/json' }
    const send = async (body: string, type = headers) =>
      (await problemOf(await server.request('/v1/calls', { method: 'POST', body, headers: type }))).code
    expect(await send('{"phone_number":')).toBe('invalid_json')
    expect(await send('')).toBe('invalid_json')
    expect(await send('phone_number=1', { 'content-type': 'application/x-www-form-urlencoded' })).toBe(
      'unsupported_media_type',
    )
    expect(await send(JSON.stringify({ x: 'x'.repeat(300_000) }))).toBe('body_too_large')
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`{"x":"${'x'.repeat(300_000)}"}`))
        controller.close()
      },
    })
    const response = await fetch(`${server.url}/v1/calls`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${server.mine.testKey}` },
      body: chunked,
      duplex: 'half',
    })
    expect((await problemOf(response)).code).toBe('body_too_large')
  })

  test('an idempotency key that is empty or too long', async () => {
    const problem = await problemOf(await create(order(), { 'Idempotency-Key': 'x'.repeat(256) }))
    expect(problem).toMatchObject({
      code: 'invalid_request',
      errors: [{ pointer: 'header/Idempotency-Key' }],
    })
  })

  test('a live call without a carrier account', async () => {
    const assistantId = server.mine.assistantId
    const response = await server.request('/v1/calls', {
      key: server.mine.liveKey,
      json: order({ phone_number: '+14155552671', assistant_id: assistantId }),
    })
    expect((await problemOf(response)).code).toBe('carrier_not_configured')
  })
})

describe('reading works', () => {
  test('the list filters by number, status, assistant and time, and pages', async () => {
    const ids: string[] = []
    const start = new Date(server.clock.now() + 1000).toISOString()
    for (const phone of ['+12025550105', '+12025550105', '+12025550106']) {
      server.clock.advance(1000)
      ids.unshift(await seedCall(server, server.mine, { phone_number: phone }))
    }
    const list = async (query: Record<string, string>) => {
      const page = await bodyOf<Page<Call>>(await server.request(`/v1/calls?${new URLSearchParams(query)}`))
      return page.data.map((call) => call.id)
    }
    expect(await list({ created_after: start })).toEqual(ids)
    expect(await list({ created_after: start, to: '+12025550105' })).toEqual(ids.slice(1))
    const plus = await bodyOf<Page<Call>>(await server.request('/v1/calls?to=+12025550106'))
    expect(plus.data.map((call) => call.id)).toEqual(ids.slice(0, 1))
    expect(await list({ created_after: start, status: 'completed' })).toEqual([])
    expect(await list({ created_after: start, assistant_id: server.mine.assistantId })).toEqual(ids)
    expect(await list({ created_before: start, to: '+12025550105' })).toEqual([])
    expect(await list({ from: '+12025550190', limit: '2' })).toEqual(ids.slice(0, 2))
    const codes = await Promise.all(
      ['status=x', 'created_after=yesterday', 'limit=0', 'phone=x'].map(
        async (query) => (await problemOf(await server.request(`/v1/calls?${query}`))).code,
      ),
    )
    expect(new Set(codes)).toEqual(new Set(['invalid_request']))
  })

  test('the transcript is what was said', async () => {
    const { context } = server
    const id = await seedCall(server, server.mine)
    await answerCall(context, { callId: id, carrierCallId: `CA${id}` })
    const times = { start_ms: 0, end_ms: 900 }
    const utterance = {
      turn: 1,
      role: 'user' as const,
      text: 'Hello?',
      text_planned: null,
      interrupted: false,
      ...times,
    }
    await recordUtterance(context, { callId: id, utterance })
    const transcript = await bodyOf(await server.request(`/v1/calls/${id}/transcript`))
    expect(transcript).toMatchObject({
      object: 'transcript',
      call_id: id,
      turns: [{ role: 'user', text: 'Hello?' }],
    })
  })

  test('the deliveries show what is to be sent', async () => {
    const id = await seedCall(server, server.mine, { webhook_url: 'https://example.com/hooks' })
    const page = (query = '') => server.request(`/v1/calls/${id}/deliveries${query}`)
    expect(await bodyOf(await page())).toEqual({
      object: 'list',
      data: [],
      has_more: false,
      next_cursor: null,
    })
    await answerCall(server.context, { callId: id, carrierCallId: `CA${id}` })
    const { data } = await bodyOf<Page<{ event: string; url: string; status: string }>>(await page())
    expect(data).toMatchObject([
      { event: 'call.started', status: 'pending', url: 'https://example.com/hooks' },
    ])
    expect((await bodyOf<Page<unknown>>(await page('?after=99'))).data).toEqual([])
  })
})

describe('ending works', () => {
  test('a queued call is canceled at once; ending it again is a conflict', async () => {
    const id = await seedCall(server, server.mine)
    const end = () => server.request(`/v1/calls/${id}/end`, { method: 'POST' })
    const response = await end()
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id, status: 'canceled', ended_reason: 'canceled' })
    expect((await problemOf(await end())).code).toBe('call_already_ended')
  })

  test('a live call goes on until it has ended politely', async () => {
    const { context } = server
    const id = await seedCall(server, server.mine)
    const carrierCallId = `CA${id}`
    await answerCall(context, { callId: id, carrierCallId })
    const response = await server.request(`/v1/calls/${id}/end`, { method: 'POST' })
    expect(await response.json()).toMatchObject({ status: 'in_progress', ended_reason: null })
    const atMs = server.clock.now()
    await recordCarrierStatus(context, {
      callId: id,
      carrierCallId,
      status: 'completed',
      carrierCode: null,
      atMs,
    })
    const call = await bodyOf<Call>(await server.request(`/v1/calls/${id}`))
    expect(call).toMatchObject({ status: 'completed', ended_reason: 'api_ended' })
  })
})

const of = (rest: string) => async (owner: 'mine' | 'theirs') =>
  `/v1/calls/${await seedCall(server, server[owner])}${rest}`
const unknown = (rest: string) => `/v1/calls/call_00000000000000000000000000${rest}`
const ofCall = (method: string, rest: string) => ({
  method,
  path: of(rest),
  unknownPath: unknown(rest),
  isModeBound: true,
})
describeProtection(() => server, {
  create: { method: 'POST', path: () => '/v1/calls', json: {} },
  list: { method: 'GET', path: () => '/v1/calls' },
  get: ofCall('GET', ''),
  end: ofCall('POST', '/end'),
  events: ofCall('GET', '/events'),
  'event stream': ofCall('GET', '/events/stream'),
  transcript: ofCall('GET', '/transcript'),
  recording: ofCall('GET', '/recording'),
  'recording audio': ofCall('GET', '/recording/audio'),
  deliveries: ofCall('GET', '/deliveries'),
})
