import { createHmac } from 'node:crypto'
import { expect } from 'vitest'
import { rest, TEST_ACCOUNT } from './testing/rest-client.ts'
import { type TestService, type TestStream, until } from './testing/service.ts'
import { worldTest } from './testing/world.ts'

/** Answers calls with a stream, and hangs up after it. */
function connectStreams(service: TestService): void {
  service.documents.set(
    '/twiml',
    `<Response><Connect action="/after"><Stream url="${service.wsUrl}/media?dropped=1"><Parameter name="token" value="t-1"/></Stream></Connect></Response>`,
  )
  service.documents.set('/after', '<Response><Hangup/></Response>')
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

worldTest.concurrent(
  'the talking phone holds a whole conversation through audio alone',
  async ({ world }) => {
    connectStreams(world.service)
    world.service.onStream = (stream) =>
      void converse(stream, [
        { after: '', say: 'Good morning, how can I help?' },
        { after: 'appointment.', say: 'Certainly. When would you like to come?' },
        { after: 'please.', say: 'Tuesday at ten it is.' },
      ]).then(async () => {
        await until(() => stream.words.join(' ').endsWith('goodbye.'))
        stream.socket.close()
      })
    const sid = await world.dial('+12025550100')
    await until(() => world.service.callStatuses().includes('completed'), 25_000)
    const report = world.carrier.report(sid)!
    expect(report.phone?.heard.text).toBe(
      'Good morning, how can I help? Certainly. When would you like to come? Tuesday at ten it is.',
    )
    expect(report.phone?.heard.damaged_at_ms).toEqual([])
    expect(world.service.streams[0]?.words.join(' ')).toBe(
      'Hello, I would like to book an appointment. Tuesday at ten in the morning, please. Thank you, goodbye.',
    )
    expect(report.phone?.said.text).toBe(world.service.streams[0]?.words.join(' '))
    expect(world.service.callStatuses()).toEqual(['initiated', 'ringing', 'in-progress', 'completed'])
    expect(report.warnings).toEqual([])
  },
  30_000,
)

worldTest.concurrent(
  'connects with a signature over the wss URL, without query, and starts as documented',
  async ({ world }) => {
    connectStreams(world.service)
    const { sid, stream } = await world.openStream()
    await until(() => stream.ofEvent('media').length >= 50)
    expect(stream.url).toBe('/media')
    expect(stream.headers['x-twilio-signature']).toBe(
      createHmac('sha1', TEST_ACCOUNT.authToken)
        .update(`${world.service.wsUrl.replace('ws:', 'wss:')}/media`)
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
  },
)

worldTest.concurrent('sends fifty frames a second and never runs ahead of the clock', async ({ world }) => {
  connectStreams(world.service)
  const { stream } = await world.openStream()
  await until(() => stream.ofEvent('media').length >= 100)
  const frames = stream.messages.filter(({ message }) => message.event === 'media').slice(0, 100)
  const tookMs = frames.at(-1)!.atMs - frames[0]!.atMs
  expect(tookMs).toBeGreaterThan(1500)
})

worldTest.concurrent(
  'plays in real time and echoes a mark when the audio before it has been played',
  async ({ world }) => {
    connectStreams(world.service)
    const { stream } = await world.openStream()
    const sentAt = performance.now()
    const lengthMs = stream.say('One two three four five.')
    stream.send({ event: 'mark', streamSid: stream.streamSid, mark: { name: 'end' } })
    await until(() => stream.ofEvent('mark').length === 1)
    const echo = stream.messages.find(({ message }) => message.event === 'mark')!
    expect(echo.message).toMatchObject({ streamSid: stream.streamSid, mark: { name: 'end' } })
    expect(echo.atMs - sentAt).toBeGreaterThanOrEqual(lengthMs - 100)
    stream.send({ event: 'mark', streamSid: stream.streamSid, mark: { name: 'at once' } })
    await until(() => stream.ofEvent('mark').length === 2)
  },
)

worldTest.concurrent(
  'clear silences the phone at once and echoes every waiting mark in order',
  async ({ world }) => {
    connectStreams(world.service)
    const { sid, stream } = await world.openStream()
    for (const name of ['a', 'b', 'c']) {
      stream.say('This sentence takes rather more than one second to say.')
      stream.send({ event: 'mark', streamSid: stream.streamSid, mark: { name } })
    }
    await until(() => (world.carrier.report(sid)?.phone?.heard.words.length ?? 0) >= 3)
    stream.send({ event: 'clear', streamSid: stream.streamSid })
    await until(() => stream.ofEvent('mark').length === 3)
    expect(stream.ofEvent('mark').map(({ mark }) => (mark as { name: string }).name)).toEqual(['a', 'b', 'c'])
    const heardMs = world.carrier.report(sid)!.phone!.heard.stretches.at(-1)!.end_ms
    stream.say('Something else.')
    await until(() => world.carrier.report(sid)?.phone?.heard.text.endsWith('Something else.'))
    const { heard } = world.carrier.report(sid)!.phone!
    expect(heard.words.length).toBeLessThan(20)
    expect(heardMs).toBeLessThan(4000)
  },
)

worldTest.concurrent('ignores bad messages, keeps count of them and goes on', async ({ world }) => {
  connectStreams(world.service)
  const { sid, stream } = await world.openStream()
  stream.socket.send('nonsense')
  stream.socket.send(Buffer.from([1, 2, 3]))
  stream.send({ event: 'clear', streamSid: 'MZother' })
  stream.send({ event: 'media', streamSid: stream.streamSid, media: { payload: '//8=', extra: true } })
  stream.send({ event: 'media', streamSid: stream.streamSid, media: { payload: '//8=', extra: true } })
  stream.say('Still here.')
  await until(() => world.carrier.report(sid)?.phone?.heard.text === 'Still here.')
  const warnings = world.carrier.report(sid)!.streams[0]!.warnings
  expect(warnings.map(({ code, count }) => [code, count])).toEqual([
    [31920, 1],
    [31951, 1],
    [31950, 1],
    [31951, 1],
    [31951, 2],
  ])
})

worldTest.concurrent('sends the keys a phone presses', async ({ world }) => {
  connectStreams(world.service)
  const { stream } = await world.openStream('+12025550108')
  stream.say('Press your keys.')
  await until(() => stream.ofEvent('dtmf').length === 3)
  expect(stream.ofEvent('dtmf').map(({ dtmf }) => dtmf)).toEqual(
    ['4', '2', '#'].map((digit) => ({ track: 'inbound_track', digit })),
  )
})

worldTest.concurrent(
  'when the service closes the socket the action is asked what comes next',
  async ({ world }) => {
    connectStreams(world.service)
    world.service.documents.set('/after', '<Response><Say>And now this.</Say></Response>')
    const { sid, stream } = await world.openStream()
    stream.socket.close()
    await until(() => world.service.callStatuses().includes('completed'))
    expect(world.carrier.report(sid)?.phone?.heard.text).toBe('And now this.')
    expect(stream.ofEvent('stop')).toEqual([])
  },
)

worldTest.concurrent('when the phone hangs up the stream gets a stop and is closed', async ({ world }) => {
  connectStreams(world.service)
  const { sid, stream } = await world.openStream('+12025550107')
  stream.say('Yes?')
  await until(() => stream.socket.readyState === stream.socket.CLOSED)
  expect(stream.messages.at(-1)!.message).toMatchObject({
    event: 'stop',
    stop: { accountSid: TEST_ACCOUNT.accountSid, callSid: sid },
  })
  expect(world.carrier.report(sid)).toMatchObject({ status: 'completed', end_cause: 'the phone hung up' })
})

worldTest.concurrent('new instructions stop the stream and run', async ({ world }) => {
  connectStreams(world.service)
  const { sid, stream } = await world.openStream()
  stream.say('A sentence that will be cut off in the middle of everything.')
  await until(() => (world.carrier.report(sid)?.phone?.heard.words.length ?? 0) >= 2)
  await rest(world.carrier.url, 'POST', `/Calls/${sid}.json`, {
    Twiml: '<Response><Say>Changed.</Say></Response>',
  })
  await until(() => world.service.callStatuses().includes('completed'))
  expect(stream.ofEvent('stop')).toHaveLength(1)
  const { text } = world.carrier.report(sid)!.phone!.heard
  expect(text).toMatch(/^A sentence/)
  expect(text).toMatch(/Changed\.$/)
  expect(text).not.toContain('everything')
})

worldTest.concurrent(
  'a stream that cannot be opened, or dies, is reported and the call goes on',
  async ({ world }) => {
    connectStreams(world.service)
    world.service.documents.set(
      '/twiml',
      `<Response><Connect><Stream url="ws://127.0.0.1:9/x" statusCallback="${world.service.url}/stream"/></Connect>
     <Connect><Stream url="${world.service.wsUrl}/media" statusCallback="${world.service.url}/stream"/></Connect><Say>Next.</Say></Response>`,
    )
    const { sid, stream } = await world.openStream()
    stream.socket.terminate()
    await until(() => world.service.callStatuses().includes('completed'))
    const events = world.service.requests
      .filter(({ path }) => path === '/stream')
      .map(({ params }) => params.get('StreamEvent'))
    expect(events).toEqual(['stream-error', 'stream-started', 'stream-error'])
    expect(world.carrier.report(sid)?.phone?.heard.text).toBe('Next.')
    expect(world.carrier.report(sid)?.warnings.map(({ code }) => code)).toEqual([31902, 31903])
  },
)

worldTest.concurrent(
  'a lost frame shows up as a damaged word and a gap in time, not as other words',
  async ({ world }) => {
    connectStreams(world.service)
    world.carrier.faults.set([{ on: 'stream', kind: 'lose-frames', every: 7 }])
    const { stream } = await world.openStream('+12025550100')
    stream.say('Hello?')
    await until(() => stream.ofEvent('media').length > 200)
    expect('Hello, I would like to book an appointment.'.split(' ')).toEqual(
      expect.arrayContaining([...stream.words]),
    )
    const times = stream
      .ofEvent('media')
      .map(({ media }) => Number((media as { timestamp: string }).timestamp))
    expect(times.slice(1).some((time, index) => time - times[index]! > 30)).toBe(true)
  },
)

worldTest.concurrent(
  'many calls at once keep their words apart',
  async ({ world }) => {
    connectStreams(world.service)
    world.service.onStream = (stream) =>
      void until(() => stream.streamSid).then(() => stream.say(`You are ${stream.streamSid}.`))
    const numbers = Array.from({ length: 30 }, (_, index) => `+12025550${113 + index}`)
    for (const [index, number] of numbers.entries()) {
      world.carrier.phones.put(number, {
        steps: [{ do: 'listen' }, { do: 'say', text: `I am phone ${index} of thirty.` }],
        at_end: 'hang-up',
      })
    }
    const sids = await Promise.all(numbers.map((number) => world.dial(number)))
    await until(() => sids.every((sid) => world.carrier.report(sid)?.status === 'completed'))
    for (const [index, sid] of sids.entries()) {
      const report = world.carrier.report(sid)!
      expect(report.phone?.heard.text).toBe(`You are ${report.streams[0]!.stream_sid}.`)
      const stream = world.service.streams.find(
        ({ streamSid }) => streamSid === report.streams[0]!.stream_sid,
      )!
      expect(stream.words.join(' ')).toBe(`I am phone ${index} of thirty.`)
    }
  },
  20_000,
)
