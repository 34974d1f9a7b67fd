import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CarrierError, createTestClock } from '@phonevoice/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CarrierAccount } from '../contract/index.ts'
import { isOutcomeUnknown, refusalOf } from './errors.ts'
import { createTwilioClient } from './rest-client.ts'

interface Seen {
  method: string
  url: string
  authorization: string
  form: URLSearchParams
}

let server: Server
let account: CarrierAccount
let seen: Seen[]
/** What the next requests are answered with; `null` never answers. */
let answers: ({ status: number; body: unknown } | null)[]
let arrived: () => void

beforeEach(async () => {
  seen = []
  answers = []
  arrived = () => {}
  server = createServer(async (request, response) => {
    seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      authorization: request.headers.authorization ?? '',
      form: new URLSearchParams(await readAll(request)),
    })
    const answer = answers.shift()
    arrived()
    if (!answer) return
    response.writeHead(answer.status, { 'content-type': 'application/json', location: 'http://127.0.0.1:1/' })
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  account = {
    carrier: 'twilio',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accountSid: 'AC1',
    authToken: 'secret',
  }
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

async function readAll(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

async function failureOf(work: Promise<unknown>): Promise<CarrierError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CarrierError)) throw new Error('expected a CarrierError')
  return error
}

const call = {
  sid: 'CA1',
  status: 'queued',
  to: '+12025550100',
  from: '+12025550190',
  date_created: 'Tue, 03 Mar 2026 09:00:00 +0000',
  duration: null,
}
const place = {
  to: '+12025550100',
  from: '+12025550190',
  answerUrl: 'https://api.test/carriers/twilio/answer?call=call_1&dial=1',
  statusUrl: 'https://api.test/carriers/twilio/status?call=call_1&dial=1',
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 600,
  machineDetectionUrl: null,
}

test('places a call with its callbacks and limits', async () => {
  answers.push({ status: 201, body: call })
  expect(await createTwilioClient(account).placeCall(place)).toEqual({
    carrierCallId: 'CA1',
    status: 'queued',
    to: '+12025550100',
    from: '+12025550190',
    createdAtMs: Date.UTC(2026, 2, 3, 9),
    durationSeconds: null,
    endedAtMs: null,
  })
  const [request] = seen
  expect(request).toMatchObject({ method: 'POST', url: '/2010-04-01/Accounts/AC1/Calls.json' })
  expect(request?.authorization).toBe(`Basic ${Buffer.from('AC1:secret').toString('base64')}`)
  expect(Object.fromEntries(request?.form ?? [])).toMatchObject({
    To: place.to,
    From: place.from,
    Url: place.answerUrl,
    StatusCallback: place.statusUrl,
    Timeout: '30',
    TimeLimit: '600',
  })
  expect(request?.form.getAll('StatusCallbackEvent')).toEqual([
    'initiated',
    'ringing',
    'answered',
    'completed',
  ])
  expect(request?.form.has('MachineDetection')).toBe(false)
})

test('asks for machine detection beside the call, not before it', async () => {
  answers.push({ status: 201, body: call })
  await createTwilioClient(account).placeCall({ ...place, machineDetectionUrl: 'https://api.test/amd' })
  expect(Object.fromEntries(seen[0]?.form ?? [])).toMatchObject({
    MachineDetection: 'DetectMessageEnd',
    AsyncAmd: 'true',
    AsyncAmdStatusCallback: 'https://api.test/amd',
  })
})

test.each([
  [401, 20003, 'authentication', 'account', false, false],
  [400, 21211, 'invalid-request', 'invalid-number', false, false],
  [400, 21214, 'invalid-request', 'unreachable', false, false],
  [400, 21215, 'authorization', 'blocked', false, false],
  [400, 21210, 'authorization', 'caller-id', false, false],
  [429, 20429, 'rate-limit', 'busy', true, false],
  [500, 20500, 'server', 'other', true, true],
  [503, undefined, 'server', 'other', true, true],
  [302, undefined, 'unknown', 'other', true, true],
])('an answer %i with code %s is %s', async (status, code, category, refusal, retryable, isUnknown) => {
  answers.push({ status, body: code === undefined ? '<html>' : { code, message: 'no', status } })
  const error = await failureOf(createTwilioClient(account).placeCall(place))
  expect(error).toMatchObject({ category, retryable, vendor: 'twilio', operation: 'place a call', status })
  expect(error.vendorCode).toBe(code === undefined ? undefined : String(code))
  expect(refusalOf(error)).toBe(refusal)
  expect(isOutcomeUnknown(error)).toBe(isUnknown)
})

test('an answer that is no call is an unknown outcome', async () => {
  answers.push({ status: 201, body: 'hello' })
  const error = await failureOf(createTwilioClient(account).placeCall(place))
  expect(isOutcomeUnknown(error)).toBe(true)
})

test('no answer within the deadline is a timeout of unknown outcome', async () => {
  const clock = createTestClock()
  const hasArrived = new Promise<void>((resolve) => {
    arrived = resolve
  })
  answers.push(null)
  const failure = failureOf(createTwilioClient(account, { clock, timeoutMs: 5000 }).placeCall(place))
  await hasArrived
  clock.advance(5000)
  const error = await failure
  expect(error.category).toBe('timeout')
  expect(isOutcomeUnknown(error)).toBe(true)
  expect(clock.pendingTimers).toBe(0)
})

test('a refused connection is a known outcome: nothing was placed', async () => {
  const gone = createServer()
  gone.listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const closed = { ...account, baseUrl: `http://127.0.0.1:${(gone.address() as AddressInfo).port}` }
  gone.close()
  await once(gone, 'close')
  const error = await failureOf(createTwilioClient(closed).placeCall(place))
  expect(error.category).toBe('connectivity')
  expect(error.retryable).toBe(true)
  expect(isOutcomeUnknown(error)).toBe(false)
})

test('fetches a call, and null where there is none', async () => {
  answers.push({ status: 200, body: { ...call, status: 'completed', duration: '42' } })
  answers.push({ status: 404, body: { code: 20404, status: 404 } })
  const client = createTwilioClient(account)
  expect(await client.fetchCall('CA1')).toMatchObject({ status: 'completed', durationSeconds: 42 })
  expect(await client.fetchCall('CA2')).toBeNull()
  expect(seen.map((request) => request.url)).toEqual([
    '/2010-04-01/Accounts/AC1/Calls/CA1.json',
    '/2010-04-01/Accounts/AC1/Calls/CA2.json',
  ])
})

test('finds calls between two numbers since a time, newest first', async () => {
  const at = (second: number) => `Tue, 03 Mar 2026 09:00:0${second} +0000`
  answers.push({
    status: 200,
    body: {
      calls: [
        { ...call, sid: 'CA-old', date_created: at(1) },
        { ...call, sid: 'CA-a', date_created: at(5) },
        { ...call, sid: 'CA-b', date_created: at(7) },
        { ...call, sid: 'CA-undated', date_created: null },
      ],
    },
  })
  const found = await createTwilioClient(account).findCalls({
    to: '+12025550100',
    from: '+12025550190',
    createdAfterMs: Date.UTC(2026, 2, 3, 9, 0, 5) + 700,
  })
  expect(found.map((each) => each.carrierCallId)).toEqual(['CA-undated', 'CA-b', 'CA-a'])
  const query = new URL(seen[0]?.url ?? '', 'http://x').searchParams
  expect(Object.fromEntries(query)).toEqual({ To: '+12025550100', From: '+12025550190', PageSize: '50' })
})

test('hangs up with one request, and a call that has ended is not an error', async () => {
  answers.push({ status: 200, body: call })
  answers.push({ status: 404, body: { code: 20404 } })
  answers.push({ status: 400, body: { code: 21220 } })
  const client = createTwilioClient(account)
  await client.hangUp('CA1')
  await client.hangUp('CA1')
  await client.hangUp('CA1')
  expect(Object.fromEntries(seen[0]?.form ?? [])).toEqual({ Status: 'completed' })
})

test('a hang-up that is refused for another reason throws', async () => {
  answers.push({ status: 401, body: { code: 20003 } })
  expect((await failureOf(createTwilioClient(account).hangUp('CA1'))).category).toBe('authentication')
})

test('lets a live call ask for new instructions; one that has ended is left alone', async () => {
  answers.push(
    { status: 200, body: call },
    { status: 400, body: { code: 21220, message: 'not in-progress' } },
  )
  const client = createTwilioClient(account)
  await client.redirect('CA1', 'https://api.test/resume?call=call_1&stream=2')
  await client.redirect('CA1', 'https://api.test/resume?call=call_1&stream=2')
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/2010-04-01/Accounts/AC1/Calls/CA1.json' })
  expect(Object.fromEntries(seen[0]?.form ?? [])).toEqual({
    Url: 'https://api.test/resume?call=call_1&stream=2',
    Method: 'POST',
  })
})

test('tells a number where to ask, by its own id', async () => {
  answers.push({ status: 200, body: { incoming_phone_numbers: [{ sid: 'PN1' }] } })
  answers.push({ status: 200, body: { sid: 'PN1' } })
  const urls = { voiceUrl: 'https://api.test/in', statusUrl: 'https://api.test/status' }
  await createTwilioClient(account).configureNumber('+12025550190', urls)
  expect(seen[0]?.url).toContain('PhoneNumber=%2B12025550190')
  expect(seen[1]?.url).toBe('/2010-04-01/Accounts/AC1/IncomingPhoneNumbers/PN1.json')
  expect(Object.fromEntries(seen[1]?.form ?? [])).toMatchObject({
    VoiceUrl: urls.voiceUrl,
    VoiceMethod: 'POST',
    StatusCallback: urls.statusUrl,
  })
})

test('a number of somebody else is not found', async () => {
  answers.push({ status: 200, body: { incoming_phone_numbers: [] } })
  const urls = { voiceUrl: null, statusUrl: null }
  expect((await failureOf(createTwilioClient(account).configureNumber('+1202', urls))).category).toBe(
    'not-found',
  )
})
