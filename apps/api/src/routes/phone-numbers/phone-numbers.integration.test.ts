import { CarrierError } from '@phonevoice/base'
import { type PhoneNumberResource, phoneNumberResourceSchema } from '@phonevoice/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import {
  bodyOf,
  ORIGIN,
  problemOf,
  startTestServer,
  type TestOrganization,
  type TestServer,
} from '../../testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())
beforeEach(() => {
  server.numbers.error = null
})

const bind = (phoneNumber: string, owner: TestOrganization = server.mine) =>
  server.request('/v1/phone-numbers', {
    key: owner.testKey,
    json: { phone_number: phoneNumber, assistant_id: owner.assistantId },
  })

describe('works', () => {
  test('binding tells the carrier where to ask; listing shows it; unbinding takes it away', async () => {
    const response = await bind('+12025550190')
    expect(response.status).toBe(200)
    const number = phoneNumberResourceSchema.parse(await response.json())
    expect(number).toMatchObject({
      phone_number: '+12025550190',
      assistant_id: server.mine.assistantId,
      mode: 'test',
    })
    expect(server.numbers.told.at(-1)).toEqual({
      phoneNumber: '+12025550190',
      voiceUrl: `${ORIGIN}/carriers/twilio/inbound`,
    })
    const list = () =>
      server.request('/v1/phone-numbers').then((each) => bodyOf<{ data: PhoneNumberResource[] }>(each))
    expect((await list()).data).toEqual([number])
    expect((await server.request(`/v1/phone-numbers/${number.id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await list()).data).toEqual([])
  })
})

describe('refuses', () => {
  test('numbers that are none, not ours, or taken, and unknown assistants', async () => {
    const codeOf = async (json: unknown) =>
      (await problemOf(await server.request('/v1/phone-numbers', { json }))).code
    const assistant_id = server.mine.assistantId
    expect(await codeOf({ phone_number: '123', assistant_id })).toBe('invalid_phone_number')
    expect(await codeOf({ phone_number: '+12025550100', assistant_id })).toBe('number_not_owned')
    expect(await codeOf({ phone_number: '+12025550191', assistant_id: 'asst_x' })).toBe('unknown_assistant')
    await bind('+12025550191', server.theirs)
    expect(await codeOf({ phone_number: '+12025550191', assistant_id })).toBe('phone_number_taken')
  })

  test.each([
    ['not-found', 'number_not_owned', 422],
    ['authentication', 'carrier_not_configured', 409],
    ['timeout', 'carrier_unavailable', 502],
  ] as const)('a carrier that fails with %s is %s', async (category, code, status) => {
    server.numbers.error = new CarrierError('secret words of the carrier', {
      vendor: 'twilio',
      operation: 'configure a number',
      category,
    })
    const problem = await problemOf(await bind('+12025550192'))
    expect(problem).toMatchObject({ code, status })
    expect(problem.detail).not.toContain('secret words')
    // Only what may have reached the carrier stays, so that repeating the request mends it.
    const list = await bodyOf<{ data: PhoneNumberResource[] }>(await server.request('/v1/phone-numbers'))
    const isBound = list.data.some((number) => number.phone_number === '+12025550192')
    expect(isBound).toBe(category !== 'not-found')
  })
})

async function numberOf(owner: 'mine' | 'theirs'): Promise<string> {
  const number = await bodyOf<PhoneNumberResource>(
    await bind(owner === 'mine' ? '+12025550193' : '+12025550194', server[owner]),
  )
  return `/v1/phone-numbers/${number.id}`
}
describeProtection(() => server, {
  bind: { method: 'POST', path: () => '/v1/phone-numbers', json: {} },
  list: { method: 'GET', path: () => '/v1/phone-numbers' },
  unbind: {
    method: 'DELETE',
    path: numberOf,
    unknownPath: '/v1/phone-numbers/num_00000000000000000000000000',
    isModeBound: true,
  },
})
