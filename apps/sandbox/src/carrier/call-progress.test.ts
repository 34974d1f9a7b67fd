import { silentLog } from '@phonevoice/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Carrier, createCarrier } from './create-carrier.ts'
import { rest, TEST_ACCOUNT } from './testing/rest-client.ts'
import { createTestService, type TestService, until } from './testing/service.ts'
import { APOLOGY } from './twiml/run.ts'

let carrier: Carrier
let service: TestService

beforeEach(async () => {
  carrier = await createCarrier({
    log: silentLog,
    accounts: [TEST_ACCOUNT],
    ringTimeScale: 0.02,
    webhookTimeoutMs: 500,
  })
  service = await createTestService()
})
afterEach(async () => {
  await carrier.close()
  await service.close()
})

const ALL_EVENTS = ['initiated', 'ringing', 'answered', 'completed']

async function dial(to: string, params: [string, string][] = [], events = ALL_EVENTS): Promise<string> {
  const { body } = await rest(carrier.url, 'POST', '/Calls.json', [
    ['To', to],
    ['From', '+12025550190'],
    ...(params.some(([name]) => name === 'Twiml')
      ? []
      : ([['Url', `${service.url}/twiml`]] as [string, string][])),
    ['StatusCallback', `${service.url}/status`],
    ...events.map((event): [string, string] => ['StatusCallbackEvent', event]),
    ...params,
  ])
  return String(body.sid)
}

const twiml = (document: string): [string, string][] => [['Twiml', `<Response>${document}</Response>`]]
const final = () => until(() => service.requests.find(({ params }) => params.has('CallDuration')))
const statusRequests = () => service.requests.filter(({ path }) => path === '/status')

test.each([
  ['answered', '+12025550106', ['initiated', 'ringing', 'in-progress', 'completed'], '200'],
  ['busy', '+12025550101', ['initiated', 'ringing', 'busy'], '486'],
  ['not answered', '+12025550102', ['initiated', 'ringing', 'no-answer'], '487'],
  ['unreachable', '+12025550103', ['initiated', 'failed'], '404'],
  ['without a phone behind it', '+12025550170', ['initiated', 'failed'], '404'],
])('a number that is %s reports its statuses in order, numbered from 0', async (_what, to, statuses, sip) => {
  await dial(to, twiml('<Hangup/>'))
  const last = await final()
  expect(service.callStatuses()).toEqual(statuses)
  expect(statusRequests().map(({ params }) => params.get('SequenceNumber'))).toEqual(
    statuses.map((_, index) => String(index)),
  )
  expect(last.params.get('SipResponseCode')).toBe(sip)
  expect(Object.fromEntries(last.params)).toMatchObject({
    AccountSid: TEST_ACCOUNT.accountSid,
    CallbackSource: 'call-progress-events',
    Direction: 'outbound-api',
    CallDuration: '0',
    Duration: '0',
    To: to,
    Called: to,
    From: '+12025550190',
    ApiVersion: '2010-04-01',
    Timestamp: expect.stringMatching(/\+0000$/),
  })
  expect(last.headers).toMatchObject({
    'user-agent': 'TwilioProxy/1.1',
    'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    'i-twilio-idempotency-token': expect.any(String),
  })
})

test('only the end is reported when nothing was asked for', async () => {
  await dial('+12025550106', twiml('<Hangup/>'), [])
  const last = await final()
  expect(last.params.get('SequenceNumber')).toBe('0')
  expect(service.callStatuses()).toEqual(['completed'])
})

test('a space-separated list of events is understood, and GET callbacks carry a query', async () => {
  await dial('+12025550101', [...twiml('<Hangup/>'), ['StatusCallbackMethod', 'GET']], ['ringing completed'])
  await final()
  expect(service.callStatuses()).toEqual(['ringing', 'busy'])
  expect(statusRequests().every(({ method }) => method === 'GET')).toBe(true)
})

test('a call canceled while it rings says so; canceled in the queue it says nothing', async () => {
  const ringing = await dial('+12025550102', [...twiml('<Hangup/>'), ['Timeout', '600']])
  await until(() => service.callStatuses().includes('ringing'))
  await rest(carrier.url, 'POST', `/Calls/${ringing}.json`, { Status: 'canceled' })
  await final()
  expect(service.callStatuses()).toEqual(['initiated', 'ringing', 'canceled'])
})

test("the answer asks for instructions with the call's parameters and follows what they say", async () => {
  service.documents.set(
    '/twiml',
    '<Response><Say>One.</Say><Redirect method="GET">next?x=1&amp;y=2</Redirect></Response>',
  )
  service.documents.set('/next', '<Response><Say>Two.</Say></Response>')
  const sid = await dial('+12025550106')
  await final()
  expect(carrier.report(sid)?.phone?.heard.text).toBe('One. Two.')
  const [first, second] = service.requests.filter(({ path }) => path === '/twiml' || path === '/next')
  expect(first).toMatchObject({ method: 'POST' })
  expect(first!.params.get('CallStatus')).toBe('in-progress')
  expect(first!.params.get('CallSid')).toBe(sid)
  expect(second!.url).toContain('/next?x=1&y=2&CallSid=')
})

test('a phone hears Say, Pause and Play in real time', async () => {
  const { speak } = await import('../phones/sounds.ts')
  const { wavHeader } = await import('@phonevoice/audio')
  const { mulaw } = speak('From a file.')
  const wav = Buffer.concat([
    wavHeader({ encoding: 'mulaw', sampleRateHz: 8000, channels: 1, dataBytes: mulaw.length }),
    mulaw,
  ])
  const { createServer } = await import('node:http')
  const files = createServer((_request, response) =>
    response.writeHead(200, { 'Content-Type': 'audio/wav' }).end(wav),
  )
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
  const { port } = files.address() as { port: number }
  const sid = await dial(
    '+12025550106',
    twiml(`<Say>Hello.</Say><Pause length="1"/><Play>http://127.0.0.1:${port}/a.wav</Play>`),
  )
  await final()
  files.close()
  const heard = carrier.report(sid)!.phone!.heard
  expect(heard.text).toBe('Hello. From a file.')
  expect(heard.words[1]!.start_ms - heard.words[0]!.end_ms).toBeGreaterThanOrEqual(1000)
})

test('the fallback serves when the first document cannot be had; without one the phone hears an apology', async () => {
  service.documents.set('/twiml', () => ({ status: 500, body: '' }))
  service.documents.set('/spare', '<Response><Say>Spare.</Say></Response>')
  const saved = await dial('+12025550106', [['FallbackUrl', `${service.url}/spare`]])
  await final()
  expect(carrier.report(saved)).toMatchObject({
    warnings: [{ code: 11200 }],
    phone: { heard: { text: 'Spare.' } },
  })
  service.requests.length = 0
  const lost = await dial('+12025550106')
  await final()
  expect(carrier.report(lost)!.phone!.heard.text).toBe(APOLOGY)
})

test.each([
  [12100, { body: '<Response><Say>' }],
  [12102, { body: '<html></html>' }],
  [12300, { type: 'application/json', body: '{}' }],
  [11750, { body: `<Response>${' '.repeat(70_000)}</Response>` }],
])('a bad document ends the call with %i in the debugger', async (code, document) => {
  service.documents.set('/twiml', () => document)
  const sid = await dial('+12025550106')
  await final()
  expect(carrier.report(sid)?.warnings[0]?.code).toBe(code)
})

test('a service that does not answer in time is given up', async () => {
  const { createServer } = await import('node:http')
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const sid = await dial(
    '+12025550106',
    [
      ['FallbackUrl', `${service.url}/spare`],
      ['Url', `http://127.0.0.1:${port}/`],
    ].reverse() as [string, string][],
  )
  expect(sid).toMatch(/^CA/)
  const other = await rest(carrier.url, 'POST', '/Calls.json', {
    To: '+12025550106',
    From: '+12025550190',
    Url: `http://127.0.0.1:${port}/`,
  })
  await until(() => carrier.report(String(other.body.sid))?.warnings.some(({ code }) => code === 11200))
  silent.closeAllConnections()
  silent.close()
})

test('new instructions for a live call replace the verb that runs', async () => {
  const sid = await dial('+12025550106', twiml('<Pause length="60"/>'))
  await until(() => carrier.report(sid)?.status === 'in-progress')
  const path = `/Calls/${sid}.json`
  const updated = await rest(carrier.url, 'POST', path, { Twiml: '<Response><Say>Changed.</Say></Response>' })
  expect(updated.body.status).toBe('in-progress')
  await final()
  expect(carrier.report(sid)).toMatchObject({ status: 'completed', phone: { heard: { text: 'Changed.' } } })
})

test('a time limit ends the call', async () => {
  const sid = await dial('+12025550106', [...twiml('<Pause length="60"/>'), ['TimeLimit', '1']])
  const last = await final()
  expect(carrier.report(sid)?.end_cause).toBe('time limit')
  expect([last.params.get('CallDuration'), last.params.get('Duration')]).toEqual(['1', '1'])
})

test('detection tells a voicemail from a person and reports it to its own callback', async () => {
  const detection: [string, string][] = [
    ['MachineDetection', 'Enable'],
    ['AsyncAmd', 'true'],
    ['AsyncAmdStatusCallback', `${service.url}/amd`],
  ]
  const machine = await dial('+12025550104', [...twiml('<Pause length="60"/>'), ...detection])
  const verdict = await until(() => service.requests.find(({ path }) => path === '/amd'))
  expect(Object.fromEntries(verdict.params)).toMatchObject({ CallSid: machine, AnsweredBy: 'machine_start' })
  expect((await rest(carrier.url, 'GET', `/Calls/${machine}.json`)).body.answered_by).toBe('machine_start')
})

test.each([
  ['lost', 'lose', ['initiated', 'in-progress', 'completed']],
  ['doubled', 'double', ['initiated', 'ringing', 'ringing', 'in-progress', 'completed']],
  ['reordered', 'reorder', ['initiated', 'in-progress', 'ringing', 'completed']],
] as const)('a callback is %s on request', async (_what, kind, statuses) => {
  carrier.faults.set([{ on: 'status-callback', kind, call_status: 'ringing' }])
  await dial('+12025550106', twiml('<Pause length="1"/>'))
  await final()
  expect(service.callStatuses()).toEqual(statuses)
})

test('REST faults refuse, or do the work and lose the answer', async () => {
  carrier.faults.set([{ on: 'rest', kind: 'unavailable', operation: 'POST Calls.json', times: 1 }])
  expect(await dial('+12025550106', twiml('<Hangup/>'))).toBe('undefined')
  carrier.faults.set([{ on: 'rest', kind: 'lose-answer', operation: 'POST Calls.json', times: 1 }])
  await expect(dial('+12025550106', twiml('<Hangup/>'))).rejects.toThrow()
  await final()
  const { calls } = (await rest(carrier.url, 'GET', '/Calls.json')).body
  expect(calls).toHaveLength(1)
})
