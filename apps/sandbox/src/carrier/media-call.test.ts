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
