/** What `Idempotency-Key` promises, for every route that creates something. */
import { CarrierError } from '@phonevoice/base'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bodyOf, problemOf, startTestServer, type TestServer } from './testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

interface CreatingRoute {
  path: string
  status: number
  table: string
  body(): Record<string, unknown>
  other(): Record<string, unknown>
  refused(): Record<string, unknown>
}

const ROUTES: CreatingRoute[] = [
  {
    path: '/v1/calls',
    status: 201,
    table: 'calls',
    body: () => ({ phone_number: '+12025550100', assistant_id: server.mine.assistantId }),
    other: () => ({ phone_number: '+12025550101', assistant_id: server.mine.assistantId }),
    refused: () => ({ phone_number: '+12025550100', assistant_id: 'asst_x' }),
  },
  {
    path: '/v1/assistants',
    status: 201,
    table: 'assistants',
    body: () => ({
      name: 'Ada',
      llm: { provider: 'custom', url: 'https://x.example', headers: { Key: 'secret' } },
    }),
    other: () => ({ name: 'Bob' }),
    refused: () => ({ name: 'Ada', llm: { provider: 'custom' } }),
  },
  {
    path: '/v1/phone-numbers',
    status: 200,
    table: 'phone_numbers',
    body: () => ({ phone_number: '+12025550193', assistant_id: server.mine.assistantId }),
    other: () => ({ phone_number: '+12025550194', assistant_id: server.mine.assistantId }),
    refused: () => ({ phone_number: '+12025550193', assistant_id: 'asst_x' }),
  },
  {
    path: '/v1/webhook-endpoints',
    status: 201,
    table: 'webhook_endpoints',
    body: () => ({ url: 'https://example.com/hooks' }),
    other: () => ({ url: 'https://example.com/other' }),
    refused: () => ({ url: 'nonsense' }),
  },
]

let keys = 0
const newKey = () => `key-${++keys}`

describe.each(ROUTES)('POST $path', (route) => {
  const send = (json: unknown, key: string) =>
    server.request(route.path, { json, headers: { 'idempotency-key': key } })
  const rows = async () => (await server.db.sql`select 1 from ${server.db.sql(route.table)}`).length

  test('twenty twins at once get the same bytes, and one thing is made', async () => {
    const key = newKey()
    const before = await rows()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(route.body(), key)))
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(route.status))
    const bodies = await Promise.all(answers.map((answer) => answer.text()))
    expect(new Set(bodies).size).toBe(1)
    expect(await rows()).toBe(before + 1)
    expect(answers.filter((answer) => !answer.headers.has('idempotent-replayed'))).toHaveLength(1)
    server.clock.advance(23 * 3_600_000)
    expect(await (await send(route.body(), key)).text()).toBe(bodies[0])
    expect(await rows()).toBe(before + 1)
  })

  test('another body, or another route, with the same key is refused and changes nothing', async () => {
    const key = newKey()
    await send(route.body(), key)
    const before = await rows()
    expect((await problemOf(await send(route.other(), key))).code).toBe('idempotency_key_reused')
    expect(await rows()).toBe(before)
    const next = ROUTES[(ROUTES.indexOf(route) + 1) % ROUTES.length]!
    const elsewhere = await server.request(next.path, {
      json: next.body(),
      headers: { 'idempotency-key': key },
    })
    expect((await problemOf(elsewhere)).code).toBe('idempotency_key_reused')
  })

  test('a refused request does not use up its key', async () => {
    const key = newKey()
    expect((await send(route.refused(), key)).status).toBe(422)
    expect((await send(route.body(), key)).status).toBe(route.status)
  })

  test('a key may be anything up to 255 characters', async () => {
    expect((await problemOf(await send(route.body(), 'x'.repeat(256)))).errors[0]?.pointer).toBe(
      'header/Idempotency-Key',
    )
  })
})

test('binding that failed at the carrier is done again with the same key, and two different ones never both happen', async () => {
  const bind = (phoneNumber: string, key: string) =>
    server.request('/v1/phone-numbers', {
      json: { phone_number: phoneNumber, assistant_id: server.mine.assistantId },
      headers: { 'idempotency-key': key },
    })
  const key = newKey()
  server.numbers.error = new CarrierError('late', {
    vendor: 'twilio',
    operation: 'configure a number',
    category: 'timeout',
  })
  expect((await problemOf(await bind('+12025550195', key))).code).toBe('carrier_unavailable')
  server.numbers.error = null
  const told = server.numbers.told.length
  expect((await bind('+12025550195', key)).status).toBe(200)
  expect(server.numbers.told).toHaveLength(told + 1)
  const both = newKey()
  const race = await Promise.all([bind('+12025550196', both), bind('+12025550197', both)])
  expect(race.map((answer) => answer.status).sort()).toEqual([200, 422])
  const list = await bodyOf<{ data: { phone_number: string }[] }>(await server.request('/v1/phone-numbers'))
  expect(list.data.filter(({ phone_number }) => /019[67]$/.test(phone_number))).toHaveLength(1)
})
