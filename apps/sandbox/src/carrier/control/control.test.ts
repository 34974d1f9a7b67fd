import { decodeMulaw, parseWav } from '@phonevoice/audio'
import { silentLog } from '@phonevoice/base'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { decodeSpeech } from '../../speech/index.ts'
import type { CallReport } from '../call.ts'
import { type Carrier, createCarrier } from '../create-carrier.ts'
import { rest, TEST_ACCOUNT } from '../testing/rest-client.ts'
import { createTestService, type TestService, until } from '../testing/service.ts'

let carrier: Carrier
let service: TestService

beforeAll(async () => {
  carrier = await createCarrier({ log: silentLog, accounts: [TEST_ACCOUNT], ringTimeScale: 0 })
  service = await createTestService()
})
afterAll(async () => {
  await carrier.close()
  await service.close()
})
beforeEach(() => {
  service.requests.length = 0
  service.documents.clear()
})

async function control(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${carrier.url}/sandbox${path}`, {
    method,
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

/** Points a number of the account at the test service. */
async function bind(phoneNumber: string, voiceUrl: string): Promise<void> {
  const list = await rest(carrier.url, 'GET', '/IncomingPhoneNumbers.json', { PhoneNumber: phoneNumber })
  const [number] = list.body.incoming_phone_numbers as { sid: string }[]
  await rest(carrier.url, 'POST', `/IncomingPhoneNumbers/${number!.sid}.json`, {
    VoiceUrl: voiceUrl,
    StatusCallback: `${service.url}/status`,
  })
}

const ended = (sid: unknown) =>
  until(() => {
    const report = carrier.report(String(sid))
    return report?.ended_at ? report : null
  })

test('a phone calls in, is answered by the first verb that speaks, and only the end is reported', async () => {
  await bind('+12025550193', `${service.url}/in`)
  service.documents.set('/in', '<Response><Pause length="1"/><Say>Welcome.</Say></Response>')
  const { status, body } = await control('POST', '/calls', { from: '+12025550106', to: '+12025550193' })
  expect({ status, body }).toMatchObject({ status: 201, body: { status: 'ringing' } })
  const report = await ended(body.call_sid)
  expect(report).toMatchObject({
    direction: 'inbound',
    status: 'completed',
    scenario: 'silent',
    phone: { heard: { text: 'Welcome.' } },
  })
  expect(Date.parse(report.answered_at!) - Date.parse(report.created_at)).toBeGreaterThanOrEqual(990)
  await until(() => service.requests.length === 2)
  const [asked, told] = service.requests
  expect(Object.fromEntries(asked!.params)).toMatchObject({
    CallStatus: 'ringing',
    Direction: 'inbound',
    From: '+12025550106',
    To: '+12025550193',
  })
  expect(told!.params.get('CallStatus')).toBe('completed')
  expect(told!.params.get('SequenceNumber')).toBe('0')
})

test.each([
  ['<Reject/>', 'no-answer'],
  ['<Reject reason="busy"/>', 'busy'],
])('%s ends an incoming call unanswered', async (verb, status) => {
  await bind('+12025550194', `${service.url}/in`)
  service.documents.set('/in', `<Response>${verb}</Response>`)
  const { body } = await control('POST', '/calls', { from: '+12025550106', to: '+12025550194' })
  expect(await ended(body.call_sid)).toMatchObject({ status, answered_at: null, phone: null })
})

test('a call to a number without a voice URL fails without a word', async () => {
  const { body } = await control('POST', '/calls', { from: '+12025550106', to: '+12025550195' })
  expect(await ended(body.call_sid)).toMatchObject({ status: 'failed' })
  // The last word about a call of the test before may still be on its way.
  expect(service.requests.filter((request) => request.params.get('CallSid') === body.call_sid)).toEqual([])
})

test("a scenario of one's own is attached to a number, used, and taken back", async () => {
  const scenario = {
    name: 'mine',
    ring_ms: 0,
    steps: [{ do: 'say', text: 'My own words.' }],
    at_end: 'hang-up',
  }
  expect((await control('PUT', '/phones/+12025550120', scenario)).status).toBe(200)
  const { body } = await rest(carrier.url, 'POST', '/Calls.json', {
    To: '+12025550120',
    From: '+12025550190',
    Twiml: '<Response><Say>Hello there.</Say><Pause length="30"/></Response>',
  })
  const report = await ended(body.sid)
  expect(report).toMatchObject({
    scenario: 'mine',
    end_cause: 'the phone hung up',
    phone: { said: { text: 'My own words.' } },
  })
  const wav = parseWav(
    new Uint8Array(await (await fetch(`${carrier.url}/sandbox/calls/${body.sid}/call.wav`)).arrayBuffer()),
  )
  expect(wav).toMatchObject({ channels: 2, sampleRateHz: 8000 })
  const left = decodeSpeech(decodeMulaw(wav.data.filter((_, index) => index % 2 === 0)))
  const right = decodeSpeech(decodeMulaw(wav.data.filter((_, index) => index % 2 === 1)))
  expect(left).toBe('My own words.')
  expect('Hello there.').toContain(right)
  const heard = parseWav(
    new Uint8Array(await (await fetch(`${carrier.url}/sandbox/calls/${body.sid}/heard.wav`)).arrayBuffer()),
  )
  expect(heard.channels).toBe(1)
  expect(heard.data.length).toBe(report.phone!.on_the_line_ms * 8)
  expect((await control('DELETE', '/phones/+12025550120')).status).toBe(204)
  expect((await control('GET', '/phones/+12025550120')).status).toBe(404)
})

test('lists calls by number and shows one', async () => {
  const { body } = await control('POST', '/calls', {
    from: '+12025550150',
    to: '+12025550195',
    scenario: { steps: [] },
  })
  const list = (await control('GET', '/calls?from=%2B12025550150')).body.calls as CallReport[]
  expect(list.map(({ sid }) => sid)).toEqual([body.call_sid])
  expect((await control('GET', `/calls/${body.call_sid}`)).body).toMatchObject({
    sid: body.call_sid,
    from: '+12025550150',
  })
})

test('refuses what it cannot use, and says why', async () => {
  expect(await control('PUT', '/phones/+12025550100', { steps: [] })).toMatchObject({ status: 422 })
  expect(await control('PUT', '/phones/+12025550130', { steps: [{ do: 'fly' }] })).toMatchObject({
    status: 422,
  })
  expect(await control('PUT', '/phones/+12025550130', { steps: [], extra: 1 })).toMatchObject({ status: 422 })
  expect(await control('POST', '/calls', { from: '+12025550106', to: '+19995550100' })).toMatchObject({
    status: 404,
  })
  expect(await control('POST', '/calls', { from: '+19995550100', to: '+12025550195' })).toMatchObject({
    status: 422,
  })
  expect(await control('GET', '/calls/CA0')).toMatchObject({ status: 404 })
  expect(await control('PUT', '/faults', { faults: [{ on: 'weather' }] })).toMatchObject({ status: 422 })
})

test('faults are set, shown and removed', async () => {
  const fault = { on: 'status-callback', kind: 'delay', delay_ms: 5, to: '+12025550101', times: 2 }
  expect((await control('PUT', '/faults', { faults: [fault] })).body.faults).toEqual([fault])
  expect((await control('DELETE', '/faults')).status).toBe(204)
  expect((await control('GET', '/faults')).body.faults).toEqual([])
})
