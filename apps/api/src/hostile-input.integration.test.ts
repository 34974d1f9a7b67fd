import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { problemOf, seedCall, startTestServer, type TestServer } from './testing/test-server.ts'

/** Goal: whatever is sent, the answer blames the request and not us. Method: text that JSON allows and Postgres does not, everywhere text can go. */
let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

test.each([
  '/v1/assistants/%00',
  '/v1/assistants/%FF',
  '/v1/calls/%00',
  '/v1/calls/%F0%9F%98%80/events',
  '/v1/calls?to=%00',
  '/v1/calls?from=a%00b',
  '/v1/calls?assistant_id=%00',
  '/v1/calls?cursor=%00',
  '/v1/calls?created_after=9999-12-31T23:59:59.999Z',
  '/v1/calls?created_after=0001-01-01T00:00:00Z',
  '/v1/calls?created_after=0000-01-01T00:00:00Z',
  '/v1/calls?created_before=9999-12-31T23:59:59-14:00',
  '/v1/calls?created_after=0001-01-01T00:00:00%2B14:00',
  '/v1/deliveries?since=0000-01-01T00:00:00Z',
  '/v1/audit-log?resource_id=%00',
  '/v1/audit-log?after=0000-01-01T00:00:00Z',
  '/v1/api-keys/%00',
  '/v1/calls?limit=1e3',
  '/v1/calls?limit=1&limit=2',
  '/v1/phone-numbers?cursor=WzEsIlx1MDAwMCJd',
  '/rec/%00',
  '/rec/v1.%00',
])('GET %s', async (path) => {
  expect((await server.request(path)).status).toBeLessThan(500)
})

const NASTY = ['\0', 'a\0b', '\ud800', '\udc00x', '\u202e', '\uffff']

test.each(NASTY.map((text) => [JSON.stringify(text), text]))('text %s in bodies', async (_shown, text) => {
  const { assistantId } = server.mine
  const call = { phone_number: '+12025550100', assistant_id: assistantId }
  const requests: [string, string, unknown][] = [
    ['POST', '/v1/assistants', { name: text }],
    ['POST', '/v1/assistants', { name: 'x', instructions: text, metadata: { [text]: text } }],
    ['POST', '/v1/assistants', { name: 'x', analysis: { schema: { [text]: [text] } } }],
    ['PATCH', `/v1/assistants/${assistantId}`, { end_call: { phrases: [text] } }],
    ['POST', '/v1/calls', { ...call, assistant_id: text }],
    ['POST', '/v1/calls', { ...call, metadata: { a: text } }],
    ['POST', '/v1/calls', { ...call, variables: { a: text } }],
    ['POST', '/v1/calls', { ...call, webhook_url: `https://example.com/${text}` }],
    ['POST', '/v1/calls', { ...call, assistant_overrides: { instructions: text } }],
    ['POST', '/v1/phone-numbers', { phone_number: '+12025550190', assistant_id: text }],
  ]
  for (const [method, path, json] of requests)
    expect(
      (await server.request(path, { method, json })).status,
      `${method} ${path} ${JSON.stringify(json)}`,
    ).toBeLessThan(500)
})

test.each([
  'null',
  '[]',
  '"x"',
  '1',
  '{"__proto__":{"phone_number":"+12025550100"}}',
  '[[[[]]]]',
  '{"metadata":{"__proto__":1}}',
])('a body of %s is refused as a whole', async (body) => {
  const headers = { 'content-type': 'application/json' }
  const problem = await problemOf(await server.request('/v1/calls', { method: 'POST', body, headers }))
  expect(problem.status).toBe(422)
})

test('deep nesting is refused or stored, never a fault', async () => {
  const deep = `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`
  const body = `{"phone_number":"+12025550100","assistant_id":"${server.mine.assistantId}","metadata":${deep}}`
  const headers = { 'content-type': 'application/json' }
  const response = await server.request('/v1/calls', { method: 'POST', body, headers })
  expect(response.status).toBeLessThan(500)
})

test('carrier hooks survive forms that are none', async () => {
  const id = await seedCall(server, server.mine)
  for (const body of ['', '%', '%00=%00', 'CallSid=%ff&CallSid=2', '\0']) {
    const options = { method: 'POST', body, key: null, headers: { 'x-twilio-signature': 'x' } }
    for (const path of [
      `/carriers/twilio/status?call=${id}`,
      '/carriers/twilio/status?call=%00',
      '/carriers/twilio/inbound',
    ])
      expect((await server.request(path, options)).status).toBe(403)
  }
})
