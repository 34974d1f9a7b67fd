import { silentLog } from '@phonevoice/base'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Carrier, createCarrier } from '../create-carrier.ts'
import { rest, TEST_ACCOUNT } from '../testing/rest-client.ts'
import { until } from '../testing/service.ts'

let carrier: Carrier

beforeAll(async () => {
  carrier = await createCarrier({ log: silentLog, accounts: [TEST_ACCOUNT], ringTimeScale: 0 })
})
afterAll(() => carrier.close())

const call = (params: Record<string, string>) => rest(carrier.url, 'POST', '/Calls.json', params)
const GOOD = { To: '+12025550106', From: '+12025550190', Twiml: '<Response><Pause length="60"/></Response>' }

describe('works', () => {
  test('creates a call and answers with every key of the resource', async () => {
    const { status, body } = await call(GOOD)
    expect(status).toBe(201)
    expect(Object.keys(body).sort()).toEqual(
      'account_sid annotation answered_by api_version caller_name date_created date_updated direction duration end_time forwarded_from from from_formatted group_sid parent_call_sid phone_number_sid price price_unit queue_time sid start_time status subresource_uris to to_formatted trunk_sid uri'.split(
        ' ',
      ),
    )
    expect(body).toMatchObject({
      sid: expect.stringMatching(/^CA[0-9a-f]{32}$/),
      account_sid: TEST_ACCOUNT.accountSid,
      phone_number_sid: expect.stringMatching(/^PN[0-9a-f]{32}$/),
      status: 'queued',
      direction: 'outbound-api',
      to_formatted: '(202) 555-0106',
      queue_time: '0',
      duration: null,
      start_time: null,
      date_created: expect.stringMatching(/^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \+0000$/),
      uri: `/2010-04-01/Accounts/${TEST_ACCOUNT.accountSid}/Calls/${body.sid}.json`,
    })
  })

  test('hangs a live call up and leaves it alone when asked to cancel', async () => {
    const { body } = await call(GOOD)
    const path = `/Calls/${body.sid}.json`
    await until(() => carrier.report(String(body.sid))?.status === 'in-progress')
    expect((await rest(carrier.url, 'POST', path, { Status: 'canceled' })).body.status).toBe('in-progress')
    expect((await rest(carrier.url, 'POST', path, { Status: 'completed' })).body.status).toBe('completed')
    expect((await rest(carrier.url, 'GET', path)).body).toMatchObject({
      status: 'completed',
      duration: '0',
      price: null,
    })
    expect((await rest(carrier.url, 'POST', path, { Status: 'completed' })).body.code).toBe(20404)
    expect((await rest(carrier.url, 'DELETE', path)).status).toBe(204)
    expect((await rest(carrier.url, 'GET', path)).body.code).toBe(20404)
  })

  test('lists newest first, filtered, in the documented envelope, and pages without loss', async () => {
    const sids: string[] = []
    for (let i = 0; i < 5; i++) sids.unshift(String((await call({ ...GOOD, From: '+12025550199' })).body.sid))
    const first = (await rest(carrier.url, 'GET', '/Calls.json', { From: '+12025550199', PageSize: '2' }))
      .body
    expect(first).toMatchObject({ page: 0, page_size: 2, start: 0, end: 1, previous_page_uri: null })
    expect(String(first.next_page_uri)).toMatch(
      /^\/2010-04-01\/Accounts\/AC\w+\/Calls\.json\?From=%2B12025550199&PageSize=2&Page=1&PageToken=PACA/,
    )
    const seen: unknown[] = []
    // A new call in between must not shift the pages.
    for (let page: Record<string, unknown> | null = first; page; ) {
      seen.push(...(page.calls as { sid: string }[]).map(({ sid }) => sid))
      await call({ ...GOOD, From: '+12025550199' })
      const next = page.next_page_uri as string | null
      page = next ? await get(next) : null
    }
    expect(seen).toEqual(sids)
    const none = (await rest(carrier.url, 'GET', '/Calls.json', { To: '+19995550100' })).body
    expect(none).toMatchObject({ calls: [], start: 0, end: 0, next_page_uri: null })
  })

  test('filters by start time: "<" is before, ">" is on or after', async () => {
    const { body } = await call({ ...GOOD, From: '+12025550198' })
    await until(() => carrier.report(String(body.sid))?.status === 'in-progress')
    const count = async (filter: Record<string, string>) =>
      (
        (await rest(carrier.url, 'GET', '/Calls.json', { From: '+12025550198', ...filter })).body
          .calls as unknown[]
      ).length
    const at = new Date(
      String((await rest(carrier.url, 'GET', `/Calls/${body.sid}.json`)).body.start_time),
    ).toISOString()
    expect(await count({ 'StartTime>': at })).toBe(1)
    expect(await count({ 'StartTime<': at })).toBe(0)
    expect(await count({ StartTime: at.slice(0, 10) })).toBe(1)
    expect(await count({ StartTime: '2001-01-01' })).toBe(0)
  })

  test('owns ten numbers whose voice URL can be set, and sells others', async () => {
    const list = (await rest(carrier.url, 'GET', '/IncomingPhoneNumbers.json')).body
    const numbers = list.incoming_phone_numbers as { sid: string; phone_number: string }[]
    expect(numbers.map(({ phone_number }) => phone_number)).toContain('+12025550190')
    const path = `/IncomingPhoneNumbers/${numbers[0]!.sid}.json`
    const updated = await rest(carrier.url, 'POST', path, {
      VoiceUrl: 'http://a.test/in?x=1',
      VoiceMethod: 'GET',
    })
    expect(updated.body).toMatchObject({
      voice_url: 'http://a.test/in?x=1',
      voice_method: 'GET',
      status_callback: '',
    })
    expect((await rest(carrier.url, 'POST', path, { VoiceUrl: '' })).body.voice_url).toBe('')
    expect((await rest(carrier.url, 'POST', path, { VoiceUrl: 'nope' })).body.code).toBe(21402)
    const bought = await rest(carrier.url, 'POST', '/IncomingPhoneNumbers.json', {
      PhoneNumber: '+15550100001',
    })
    expect(bought).toMatchObject({ status: 201, body: { phone_number: '+15550100001', status: 'in-use' } })
    expect((await call({ ...GOOD, From: '+15550100001' })).status).toBe(201)
    expect(
      (await rest(carrier.url, 'POST', '/IncomingPhoneNumbers.json', { PhoneNumber: '+15550100001' })).body
        .code,
    ).toBe(21422)
  })
})

describe('refuses', () => {
  test.each([
    [21201, { To: '' }],
    [21213, { From: '' }],
    [21205, { Twiml: '' }],
    [21205, { Url: 'not a url' }],
    [21210, { From: '+15005550007' }],
    [21211, { To: '123' }],
    [21211, { To: '+12025550190' }],
    [21212, { From: 'abc' }],
    [21206, { SendDigits: 'xyz' }],
    [21208, { Timeout: '601' }],
    [21209, { Url: 'http://a.test/', Method: 'PUT' }],
    [21234, { MachineDetection: 'Enable', MachineDetectionTimeout: '2' }],
    [32018, { Twiml: `<Response>${' '.repeat(4000)}</Response>` }],
  ])('with %i what is wrong: %j', async (code, change) => {
    const { status, body } = await call({ ...GOOD, ...change } as Record<string, string>)
    expect({ status, code: body.code }).toEqual({ status: 400, code })
    expect(body).toEqual({
      code,
      status: 400,
      message: expect.any(String),
      more_info: `https://www.twilio.com/docs/errors/${code}`,
    })
  })

  test('a redirect of a call that is not live, a page size beyond the limit, an unknown call', async () => {
    const { body } = await call({ ...GOOD, To: '+12025550101' })
    const twiml = { Twiml: '<Response/>' }
    expect((await rest(carrier.url, 'POST', `/Calls/${body.sid}.json`, twiml)).body.code).toBe(21220)
    expect((await rest(carrier.url, 'GET', '/Calls.json', { PageSize: '1001' })).body.code).toBe(20007)
    expect((await rest(carrier.url, 'GET', `/Calls/CA${'0'.repeat(32)}.json`)).status).toBe(404)
    expect((await rest(carrier.url, 'PUT', '/Calls.json', {})).body.code).toBe(20004)
  })
})

describe('protects', () => {
  test('asks for the right credentials of the account in the path', async () => {
    const wrong = { ...TEST_ACCOUNT, authToken: 'f'.repeat(32) }
    expect(await rest(carrier.url, 'GET', '/Calls.json', {}, wrong)).toMatchObject({
      status: 401,
      body: { code: 20003 },
    })
    const other = { ...TEST_ACCOUNT, accountSid: `AC${'9'.repeat(32)}` }
    expect((await rest(carrier.url, 'GET', '/Calls.json', {}, other)).status).toBe(401)
    const response = await fetch(`${carrier.url}/2010-04-01/Accounts/${TEST_ACCOUNT.accountSid}/Calls.json`)
    expect(response.status).toBe(401)
  })
})

async function get(path: string): Promise<Record<string, unknown>> {
  const { accountSid, authToken } = TEST_ACCOUNT
  const response = await fetch(carrier.url + path, {
    headers: { Authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
  })
  expect(response.status).toBe(200)
  return response.json() as Promise<Record<string, unknown>>
}
