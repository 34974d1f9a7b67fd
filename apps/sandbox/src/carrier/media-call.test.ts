import { createHmac } from 'node:crypto'
import { silentLog } from '@phonevoice/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Carrier, createCarrier } from './create-carrier.ts'
import { rest, TEST_ACCOUNT } from './testing/rest-client.ts'
import { createTestService, type TestService, type TestStream, until } from './testing/service.ts'

let carrier: Carrier
let service: TestService

beforeEach(async () => {
  carrier = await createCarrier({ log: silentLog, accounts: [TEST_ACCOUNT], ringTimeScale: 0.1 })
  service = await createTestService()
  service.documents.set(
    '/twiml',
    `<Response><Connect action="/after"><Stream url="${service.wsUrl}/media?dropped=1"><Parameter name="token" value="t-1"/></Stream></Connect></Response>`,
  )
  service.documents.set('/after', '<Response><Hangup/></Response>')
})

afterEach(async () => {
  await carrier.close()
  await service.close()
})

async function dial(to: string): Promise<string> {
  const { body } = await rest(carrier.url, 'POST', '/Calls.json', [
    ['To', to],
    ['From', '+12025550190'],
    ['Url', `${service.url}/twiml`],
    ['StatusCallback', `${service.url}/status`],
    ...['initiated', 'ringing', 'answered', 'completed'].map((event): [string, string] => [
      'StatusCallbackEvent',
      event,
    ]),
  ])
  return String(body.sid)
}

/** Says each sentence when the phone has said what comes before it. */
function converse(stream: TestStream, turns: { after: string; say: string }[]): Promise<void> {
  return (async () => {
    for (const turn of turns) {
      await until(() => stream.streamSid !== '' && stream.words.join(' ').endsWith(turn.after))
      stream.say(turn.say)
    }
  })()
}

test('the talking phone holds a whole conversation through audio alone', async () => {
  service.onStream = (stream) =>
    void converse(stream, [
      { after: '', say: 'Good morning, how can I help?' },
      { after: 'appointment.', say: 'Certainly. When would you like to come?' },
      { after: 'please.', say: 'Tuesday at ten it is.' },
    ]).then(async () => {
      await until(() => stream.words.join(' ').endsWith('goodbye.'))
      stream.socket.close()
    })
  const sid = await dial('+12025550100')
  await until(() => service.callStatuses().includes('completed'), 25_000)
  const report = carrier.report(sid)!
  expect(report.phone?.heard.text).toBe(
    'Good morning, how can I help? Certainly. When would you like to come? Tuesday at ten it is.',
  )
  expect(report.phone?.heard.damaged_at_ms).toEqual([])
  expect(service.streams[0]?.words.join(' ')).toBe(
    'Hello, I would like to book an appointment. Tuesday at ten in the morning, please. Thank you, goodbye.',
  )
  expect(report.phone?.said.text).toBe(service.streams[0]?.words.join(' '))
  expect(service.callStatuses()).toEqual(['initiated', 'ringing', 'in-progress', 'completed'])
  expect(report.warnings).toEqual([])
}, 30_000)

/** Dials the silent phone and gives the stream once it has started. */
async function openStream(to = '+12025550106'): Promise<{ sid: string; stream: TestStream }> {
  const sid = await dial(to)
  const stream = await until(() => service.streams[0])
  await until(() => stream.streamSid)
  return { sid, stream }
}

test('connects with a signature over the wss URL, without query, and starts as documented', async () => {
  const { sid, stream } = await openStream()
  await until(() => stream.ofEvent('media').length >= 50)
  expect(stream.url).toBe('/media')
  expect(stream.headers['x-twilio-signature']).toBe(
    createHmac('sha1', TEST_ACCOUNT.authToken)
      .update(`${service.wsUrl.replace('ws:', 'wss:')}/media`)
      .digest('base64'),
  )
  const [connected, start, first] = stream.messages.map(({ message }) => message)
  expect(connected).toEqual({ event: 'connected', protocol: 'Call', version: '1.0.0' })
  expect(start).toMatchObject({
    event: 'start',
    sequenceNumber: '1',
    start: {
      callSid: sid,
      accountSid: TEST_ACCOUNT.accountSid,
      tracks: ['inbound'],
      customParameters: { token: 't-1' },
    },
  })
  expect(first).toMatchObject({
    sequenceNumber: '2',
    media: { track: 'inbound', chunk: '1', timestamp: '21' },
  })
  const media = stream.ofEvent('media') as { sequenceNumber: string; media: Record<string, string> }[]
  for (const [index, { sequenceNumber, media: frame }] of media.entries()) {
    expect([sequenceNumber, frame.chunk]).toEqual([String(index + 2), String(index + 1)])
    expect(Math.abs(Number(frame.timestamp) - 20 * (index + 1))).toBeLessThan(20)
    expect(frame.payload).toHaveLength(216)
  }
})

test('sends fifty frames a second and never runs ahead of the clock', async () => {
  const { stream } = await openStream()
  await until(() => stream.ofEvent('media').length >= 100)
  const frames = stream.messages.filter(({ message }) => message.event === 'media').slice(0, 100)
  const tookMs = frames.at(-1)!.atMs - frames[0]!.atMs
  expect(tookMs).toBeGreaterThan(1900)
})

test('plays in real time and echoes a mark when the audio before it has been played', async () => {
  const { stream } = await openStream()
  const sentAt = performance.now()
  const lengthMs = stream.say('One two three four five.')
  stream.send({ event: 'mark', streamSid: stream.streamSid, mark: { name: 'end' } })
  await until(() => stream.ofEvent('mark').length === 1)
  const echo = stream.messages.find(({ message }) => message.event === 'mark')!
  expect(echo.message).toMatchObject({ streamSid: stream.streamSid, mark: { name: 'end' } })
  expect(echo.atMs - sentAt).toBeGreaterThanOrEqual(lengthMs - 20)
  stream.send({ event: 'mark', streamSid: stream.streamSid, mark: { name: 'at once' } })
  await until(() => stream.ofEvent('mark').length === 2)
})

test('clear silences the phone at once and echoes every waiting mark in order', async () => {
  const { sid, stream } = await openStream()
  for (const name of ['a', 'b', 'c']) {
    stream.say('This sentence takes rather more than one second to say.')
    stream.send({ event: 'mark', streamSid: stream.streamSid, mark: { name } })
  }
  await until(() => (carrier.report(sid)?.phone?.heard.words.length ?? 0) >= 3)
  stream.send({ event: 'clear', streamSid: stream.streamSid })
  await until(() => stream.ofEvent('mark').length === 3)
  expect(stream.ofEvent('mark').map(({ mark }) => (mark as { name: string }).name)).toEqual(['a', 'b', 'c'])
  const heardMs = carrier.report(sid)!.phone!.heard.stretches.at(-1)!.end_ms
  stream.say('Something else.')
  await until(() => carrier.report(sid)?.phone?.heard.text.endsWith('Something else.'))
  const { heard } = carrier.report(sid)!.phone!
  expect(heard.words.length).toBeLessThan(8)
  expect(heardMs).toBeLessThan(1500)
})

test('ignores bad messages, keeps count of them and goes on', async () => {
  const { sid, stream } = await openStream()
  stream.socket.send('nonsense')
  stream.socket.send(Buffer.from([1, 2, 3]))
  stream.send({ event: 'clear', streamSid: 'MZother' })
  stream.send({ event: 'media', streamSid: stream.streamSid, media: { payload: '//8=', extra: true } })
  stream.send({ event: 'media', streamSid: stream.streamSid, media: { payload: '//8=', extra: true } })
  stream.say('Still here.')
  await until(() => carrier.report(sid)?.phone?.heard.text === 'Still here.')
  const warnings = carrier.report(sid)!.streams[0]!.warnings
  expect(warnings.map(({ code, count }) => [code, count])).toEqual([
    [31920, 1],
    [31951, 1],
    [31950, 1],
    [31951, 1],
    [31951, 2],
  ])
})

test('sends the keys a phone presses', async () => {
  const { stream } = await openStream('+12025550108')
  stream.say('Press your keys.')
  await until(() => stream.ofEvent('dtmf').length === 3)
  expect(stream.ofEvent('dtmf').map(({ dtmf }) => dtmf)).toEqual(
    ['4', '2', '#'].map((digit) => ({ track: 'inbound_track', digit })),
  )
})

test('when the service closes the socket the action is asked what comes next', async () => {
  service.documents.set('/after', '<Response><Say>And now this.</Say></Response>')
  const { sid, stream } = await openStream()
  stream.socket.close()
  await until(() => service.callStatuses().includes('completed'))
  expect(carrier.report(sid)?.phone?.heard.text).toBe('And now this.')
  expect(stream.ofEvent('stop')).toEqual([])
})

test('when the phone hangs up the stream gets a stop and is closed', async () => {
  const { sid, stream } = await openStream('+12025550107')
  stream.say('Yes?')
  await until(() => stream.socket.readyState === stream.socket.CLOSED)
  expect(stream.messages.at(-1)!.message).toMatchObject({
    event: 'stop',
    stop: { accountSid: TEST_ACCOUNT.accountSid, callSid: sid },
  })
  expect(carrier.report(sid)).toMatchObject({ status: 'completed', end_cause: 'the phone hung up' })
})

test('new instructions stop the stream and run', async () => {
  const { sid, stream } = await openStream()
  stream.say('A sentence that will be cut off in the middle of everything.')
  await until(() => (carrier.report(sid)?.phone?.heard.words.length ?? 0) >= 2)
  await rest(carrier.url, 'POST', `/Calls/${sid}.json`, { Twiml: '<Response><Say>Changed.</Say></Response>' })
  await until(() => service.callStatuses().includes('completed'))
  expect(stream.ofEvent('stop')).toHaveLength(1)
  const { text } = carrier.report(sid)!.phone!.heard
  expect(text).toMatch(/^A sentence/)
  expect(text).toMatch(/Changed\.$/)
  expect(text).not.toContain('everything')
})

test('a stream that cannot be opened, or dies, is reported and the call goes on', async () => {
  service.documents.set(
    '/twiml',
    `<Response><Connect><Stream url="ws://127.0.0.1:9/x" statusCallback="${service.url}/stream"/></Connect>
     <Connect><Stream url="${service.wsUrl}/media" statusCallback="${service.url}/stream"/></Connect><Say>Next.</Say></Response>`,
  )
  const { sid, stream } = await openStream()
  stream.socket.terminate()
  await until(() => service.callStatuses().includes('completed'))
  const events = service.requests
    .filter(({ path }) => path === '/stream')
    .map(({ params }) => params.get('StreamEvent'))
  expect(events).toEqual(['stream-error', 'stream-started', 'stream-error'])
  expect(carrier.report(sid)?.phone?.heard.text).toBe('Next.')
  expect(carrier.report(sid)?.warnings.map(({ code }) => code)).toEqual([31902, 31903])
})

test('a lost frame shows up as a damaged word and a gap in time, not as other words', async () => {
  carrier.faults.set([{ on: 'stream', kind: 'lose-frames', every: 7 }])
  const { stream } = await openStream('+12025550100')
  stream.say('Hello?')
  await until(() => stream.ofEvent('media').length > 200)
  expect('Hello, I would like to book an appointment.'.split(' ')).toEqual(
    expect.arrayContaining([...stream.words]),
  )
  const times = stream.ofEvent('media').map(({ media }) => Number((media as { timestamp: string }).timestamp))
  expect(times.slice(1).some((time, index) => time - times[index]! > 30)).toBe(true)
})

test('many calls at once keep their words apart', async () => {
  service.onStream = (stream) =>
    void until(() => stream.streamSid).then(() => stream.say(`You are ${stream.streamSid}.`))
  const numbers = Array.from({ length: 30 }, (_, index) => `+12025550${113 + index}`)
  for (const [index, number] of numbers.entries()) {
    carrier.phones.put(number, {
      steps: [{ do: 'listen' }, { do: 'say', text: `I am phone ${index} of thirty.` }],
      at_end: 'hang-up',
    })
  }
  const sids = await Promise.all(numbers.map((number) => dial(number)))
  await until(() => sids.every((sid) => carrier.report(sid)?.status === 'completed'))
  for (const [index, sid] of sids.entries()) {
    const report = carrier.report(sid)!
    expect(report.phone?.heard.text).toBe(`You are ${report.streams[0]!.stream_sid}.`)
    const stream = service.streams.find(({ streamSid }) => streamSid === report.streams[0]!.stream_sid)!
    expect(stream.words.join(' ')).toBe(`I am phone ${index} of thirty.`)
  }
}, 20_000)
