/** The vendor's own SDK cannot tell the sandbox from the real thing: only the host of its requests is rewritten. */
import { silentLog } from '@phonevoice/base'
import twilio from 'twilio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Carrier, createCarrier } from '../create-carrier.ts'
import { TEST_ACCOUNT } from '../testing/rest-client.ts'
import { createTestService, type TestService, until } from '../testing/service.ts'

let carrier: Carrier
let service: TestService
let client: ReturnType<typeof twilio>

beforeAll(async () => {
  carrier = await createCarrier({ log: silentLog, accounts: [TEST_ACCOUNT], ringTimeScale: 0 })
  service = await createTestService()
  const real = new twilio.RequestClient()
  const httpClient = {
    request: (options: Parameters<typeof real.request>[0]) =>
      real.request({ ...options, uri: options.uri.replace('https://api.twilio.com', carrier.url) }),
  } as typeof real
  client = twilio(TEST_ACCOUNT.accountSid, TEST_ACCOUNT.authToken, { httpClient })
})
afterAll(async () => {
  await carrier.close()
  await service.close()
})

const create = () =>
  client.calls.create({
    to: '+12025550106',
    from: '+12025550191',
    url: `${service.url}/twiml?call=1`,
    statusCallback: `${service.url}/status`,
    statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
    timeout: 20,
  })

test('creates, fetches, ends and removes a call', async () => {
  service.documents.set('/twiml', '<Response><Pause length="30"/></Response>')
  const call = await create()
  expect(call.status).toBe('queued')
  expect(call.dateCreated).toBeInstanceOf(Date)
  await until(() => carrier.report(call.sid)?.status === 'in-progress')
  expect((await client.calls(call.sid).fetch()).status).toBe('in-progress')
  expect((await client.calls(call.sid).update({ status: 'completed' })).status).toBe('completed')
  const ended = await client.calls(call.sid).fetch()
  expect([ended.duration, ended.endTime instanceof Date]).toEqual(['0', true])
  expect(await client.calls(call.sid).remove()).toBe(true)
})

test("signs webhooks so that the vendor's validator accepts them", async () => {
  const call = await create()
  await until(() => service.requests.filter(({ params }) => params.get('CallSid') === call.sid).length >= 4)
  for (const { headers, params, url } of service.requests) {
    const signature = String(headers['x-twilio-signature'])
    const body = Object.fromEntries(params)
    expect(twilio.validateRequest(TEST_ACCOUNT.authToken, signature, url, body)).toBe(true)
    expect(twilio.validateRequest(TEST_ACCOUNT.authToken, signature, url, { ...body, To: '+1' })).toBe(false)
  }
})

test('lists over several pages', async () => {
  for (let i = 0; i < 5; i++) await create()
  const calls = await client.calls.list({ from: '+12025550191', pageSize: 2, limit: 5 })
  expect(new Set(calls.map(({ sid }) => sid)).size).toBe(5)
  const since = await client.calls.list({ startTimeAfter: new Date('2024-01-02'), limit: 3 })
  expect(since).toHaveLength(3)
})

test('lists, buys and sets up numbers', async () => {
  const [number] = await client.incomingPhoneNumbers.list({ phoneNumber: '+12025550192' })
  const updated = await client.incomingPhoneNumbers(number!.sid).update({ voiceUrl: `${service.url}/in` })
  expect(updated.voiceUrl).toBe(`${service.url}/in`)
  expect((await client.incomingPhoneNumbers.create({ phoneNumber: '+15550100009' })).capabilities.voice).toBe(
    true,
  )
})

test("throws the SDK's own error with the vendor's code", async () => {
  const failure = await client.calls
    .create({ to: 'x', from: '+12025550191', url: service.url })
    .catch((error) => error)
  expect(failure).toMatchObject({
    status: 400,
    code: 21211,
    moreInfo: 'https://www.twilio.com/docs/errors/21211',
  })
})
