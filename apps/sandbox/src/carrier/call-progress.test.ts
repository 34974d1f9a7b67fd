import { createServer } from 'node:http'
import { wavHeader } from '@phonevoice/audio'
import { silentLog } from '@phonevoice/base'
import { expect } from 'vitest'
import { closeServer, listenOnLoopback } from '../loopback-server.ts'
import { speak } from '../phones/sounds.ts'
import { createCarrier } from './create-carrier.ts'
import { rest, TEST_ACCOUNT } from './testing/rest-client.ts'
import { until } from './testing/service.ts'
import { worldTest } from './testing/world.ts'
import { APOLOGY } from './twiml/run.ts'

const twiml = (document: string): [string, string][] => [['Twiml', `<Response>${document}</Response>`]]

worldTest.concurrent.for([
  ['answered', '+12025550106', ['initiated', 'ringing', 'in-progress', 'completed'], '200'],
  ['busy', '+12025550101', ['initiated', 'ringing', 'busy'], '486'],
  ['not answered', '+12025550102', ['initiated', 'ringing', 'no-answer'], '487'],
  ['unreachable', '+12025550103', ['initiated', 'failed'], '404'],
  ['without a phone behind it', '+12025550170', ['initiated', 'failed'], '404'],
] as const)(
  'a number that is %s reports its statuses in order, numbered from 0',
  async ([_what, to, statuses, sip], { world }) => {
    await world.dial(to, twiml('<Hangup/>'))
    const last = await world.final()
    expect(world.service.callStatuses()).toEqual(statuses)
    expect(world.statusRequests().map(({ params }) => params.get('SequenceNumber'))).toEqual(
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
  },
)

worldTest.concurrent('only the end is reported when nothing was asked for', async ({ world }) => {
  await world.dial('+12025550106', twiml('<Hangup/>'), [])
  const last = await world.final()
  expect(last.params.get('SequenceNumber')).toBe('0')
  expect(world.service.callStatuses()).toEqual(['completed'])
})

worldTest.concurrent(
  'a space-separated list of events is understood, and GET callbacks carry a query',
  async ({ world }) => {
    await world.dial(
      '+12025550101',
      [...twiml('<Hangup/>'), ['StatusCallbackMethod', 'GET']],
      ['ringing completed'],
    )
    await world.final()
    expect(world.service.callStatuses()).toEqual(['ringing', 'busy'])
    expect(world.statusRequests().every(({ method }) => method === 'GET')).toBe(true)
  },
)

worldTest.concurrent('a call canceled while it rings says so', async ({ world }) => {
  const ringing = await world.dial('+12025550102', [...twiml('<Hangup/>'), ['Timeout', '600']])
  await until(() => world.service.callStatuses().includes('ringing'))
  await rest(world.carrier.url, 'POST', `/Calls/${ringing}.json`, { Status: 'canceled' })
  await world.final()
  expect(world.service.callStatuses()).toEqual(['initiated', 'ringing', 'canceled'])
})

worldTest.concurrent('a call canceled in the queue says nothing', async ({ world }) => {
  const slow = await createCarrier({ log: silentLog, accounts: [TEST_ACCOUNT], ringTimeScale: 10 })
  const { body } = await rest(slow.url, 'POST', '/Calls.json', {
    To: '+12025550106',
    From: '+12025550190',
    Twiml: '<Response/>',
    StatusCallback: `${world.service.url}/status`,
  })
  const canceled = await rest(slow.url, 'POST', `/Calls/${body.sid}.json`, { Status: 'completed' })
  expect(canceled.body).toMatchObject({ status: 'canceled', start_time: null, duration: null })
  // Another call's callback shows that none is on its way any more.
  await world.dial('+12025550101', twiml('<Hangup/>'))
  await world.final()
  expect(world.service.requests.filter(({ params }) => params.get('CallSid') === body.sid)).toEqual([])
  await slow.close()
})

worldTest.concurrent(
  "the answer asks for instructions with the call's parameters and follows what they say",
  async ({ world }) => {
    world.service.documents.set(
      '/twiml',
      '<Response><Say>One.</Say><Redirect method="GET">next?x=1&amp;y=2</Redirect></Response>',
    )
    world.service.documents.set('/next', '<Response><Say>Two.</Say></Response>')
    const sid = await world.dial('+12025550106')
    await world.final()
    expect(world.carrier.report(sid)?.phone?.heard.text).toBe('One. Two.')
    const [first, second] = world.service.requests.filter(({ path }) => path === '/twiml' || path === '/next')
    expect(first).toMatchObject({ method: 'POST' })
    expect(first!.params.get('CallStatus')).toBe('in-progress')
    expect(first!.params.get('CallSid')).toBe(sid)
    expect(second!.url).toContain('/next?x=1&y=2&CallSid=')
  },
)

worldTest.concurrent('a phone hears Say, Pause and Play in real time', async ({ world }) => {
  const { mulaw } = speak('From a file.')
  const header = wavHeader({ encoding: 'mulaw', sampleRateHz: 8000, channels: 1, dataBytes: mulaw.length })
  const files = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'audio/wav' }).end(Buffer.concat([header, mulaw]))
  })
  const filesUrl = await listenOnLoopback(files, 0)
  const sid = await world.dial(
    '+12025550106',
    twiml(`<Say>Hello.</Say><Pause length="1"/><Play>${filesUrl}/a.wav</Play>`),
  )
  await world.final()
  await closeServer(files)
  const heard = world.carrier.report(sid)!.phone!.heard
  expect(heard.text).toBe('Hello. From a file.')
  expect(heard.words[1]!.start_ms - heard.words[0]!.end_ms).toBeGreaterThanOrEqual(1000)
})

worldTest.concurrent(
  'the fallback serves when the first document cannot be had; without one the phone hears an apology',
  async ({ world }) => {
    world.service.documents.set('/twiml', () => ({ status: 500, body: '' }))
    world.service.documents.set('/spare', '<Response><Say>Spare.</Say></Response>')
    const saved = await world.dial('+12025550106', [['FallbackUrl', `${world.service.url}/spare`]])
    await world.final()
    expect(world.carrier.report(saved)).toMatchObject({
      warnings: [{ code: 11200 }],
      phone: { heard: { text: 'Spare.' } },
    })
    world.service.requests.length = 0
    const lost = await world.dial('+12025550106')
    await world.final()
    expect(world.carrier.report(lost)!.phone!.heard.text).toBe(APOLOGY)
  },
)

worldTest.concurrent.for([
  [12100, { body: '<Response><Say>' }],
  [12102, { body: '<html></html>' }],
  [12300, { type: 'application/json', body: '{}' }],
  [11750, { body: `<Response>${' '.repeat(70_000)}</Response>` }],
] as const)('a bad document ends the call with %i in the debugger', async ([code, document], { world }) => {
  world.service.documents.set('/twiml', () => document)
  const sid = await world.dial('+12025550106')
  expect((await until(() => world.carrier.report(sid)?.warnings[0])).code).toBe(code)
})

worldTest.concurrent('a service that does not answer in time is given up', async ({ world }) => {
  const silent = createServer(() => {})
  const url = await listenOnLoopback(silent, 0)
  const sid = await world.dial('+12025550106', [['Url', url]])
  const warning = await until(() => world.carrier.report(sid)?.warnings[0])
  expect(warning).toEqual({ code: 11200, message: 'No answer within 500 ms' })
  await closeServer(silent)
})

worldTest.concurrent('new instructions for a live call replace the verb that runs', async ({ world }) => {
  const sid = await world.dial('+12025550106', twiml('<Pause length="60"/>'))
  await until(() => world.carrier.report(sid)?.status === 'in-progress')
  const path = `/Calls/${sid}.json`
  const updated = await rest(world.carrier.url, 'POST', path, {
    Twiml: '<Response><Say>Changed.</Say></Response>',
  })
  expect(updated.body.status).toBe('in-progress')
  await world.final()
  expect(world.carrier.report(sid)).toMatchObject({
    status: 'completed',
    phone: { heard: { text: 'Changed.' } },
  })
})

worldTest.concurrent('a time limit ends the call', async ({ world }) => {
  const sid = await world.dial('+12025550106', [...twiml('<Pause length="60"/>'), ['TimeLimit', '1']])
  const last = await world.final()
  expect(world.carrier.report(sid)?.end_cause).toBe('time limit')
  expect([last.params.get('CallDuration'), last.params.get('Duration')]).toEqual(['1', '1'])
})

worldTest.concurrent(
  'detection tells a voicemail from a person and reports it to its own callback',
  async ({ world }) => {
    const detection: [string, string][] = [
      ['MachineDetection', 'Enable'],
      ['AsyncAmd', 'true'],
      ['AsyncAmdStatusCallback', `${world.service.url}/amd`],
    ]
    const machine = await world.dial('+12025550104', [...twiml('<Pause length="60"/>'), ...detection])
    const verdict = await until(() => world.service.requests.find(({ path }) => path === '/amd'))
    expect(Object.fromEntries(verdict.params)).toMatchObject({
      CallSid: machine,
      AnsweredBy: 'machine_start',
    })
    expect((await rest(world.carrier.url, 'GET', `/Calls/${machine}.json`)).body.answered_by).toBe(
      'machine_start',
    )
  },
)

worldTest.concurrent.for([
  ['lost', 'lose', ['initiated', 'in-progress', 'completed']],
  ['doubled', 'double', ['initiated', 'ringing', 'ringing', 'in-progress', 'completed']],
  ['reordered', 'reorder', ['initiated', 'in-progress', 'ringing', 'completed']],
] as const)('a callback is %s on request', async ([_what, kind, statuses], { world }) => {
  world.carrier.faults.set([{ on: 'status-callback', kind, call_status: 'ringing' }])
  await world.dial('+12025550106', twiml('<Pause length="1"/>'))
  await world.final()
  expect(world.service.callStatuses()).toEqual(statuses)
})

worldTest.concurrent('REST faults refuse, or do the work and lose the answer', async ({ world }) => {
  world.carrier.faults.set([{ on: 'rest', kind: 'unavailable', operation: 'POST Calls.json', times: 1 }])
  expect(await world.dial('+12025550106', twiml('<Hangup/>'))).toBe('undefined')
  world.carrier.faults.set([{ on: 'rest', kind: 'lose-answer', operation: 'POST Calls.json', times: 1 }])
  await expect(world.dial('+12025550106', twiml('<Hangup/>'))).rejects.toThrow()
  await world.final()
  const { calls } = (await rest(world.carrier.url, 'GET', '/Calls.json')).body
  expect(calls).toHaveLength(1)
})
