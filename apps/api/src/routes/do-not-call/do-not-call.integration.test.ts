import { type DoNotCallEntry, doNotCallSchema, limitsSchema } from '@phonevoice/contracts'
import { setDialPolicy } from '@phonevoice/services/dial-policy'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import {
  bodyOf,
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

const add = (phoneNumber: string, owner: TestOrganization = server.mine, more = {}) =>
  server.request('/v1/do-not-call', { key: owner.testKey, json: { phone_number: phoneNumber, ...more } })
const call = (phoneNumber: string, more = {}) =>
  server.request('/v1/calls', {
    json: { phone_number: phoneNumber, assistant_id: server.mine.assistantId, ...more },
  })
const list = async (query = '', key = server.mine.testKey) =>
  (await bodyOf<{ data: DoNotCallEntry[] }>(await server.request(`/v1/do-not-call${query}`, { key }))).data

describe('works', () => {
  test('a number on the list is not called, until it is taken off', async () => {
    const answer = await add('+12025550101', server.mine, { note: 'asked us to stop' })
    expect(answer.status).toBe(200)
    const entry = doNotCallSchema.parse(await answer.json())
    expect(entry).toMatchObject({ phone_number: '+12025550101', note: 'asked us to stop' })
    const refused = await problemOf(await call('+12025550101'))
    expect(refused).toMatchObject({
      code: 'do_not_call',
      status: 422,
      errors: [{ pointer: '/phone_number' }],
    })
    expect((await call('+12025550102')).status).toBe(201)

    expect((await server.request(`/v1/do-not-call/${entry.id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await list()).toEqual([])
    expect((await call('+12025550101')).status).toBe(201)
  })

  test('it is one list for every key of the organization, and a number is on it once', async () => {
    const first = await bodyOf<DoNotCallEntry>(await add('+12025550103'))
    const again = await bodyOf<DoNotCallEntry>(await add('+12025550103', server.mine, { note: 'again' }))
    expect(again).toEqual(first)
    server.clock.advance(1)
    const other = await bodyOf<DoNotCallEntry>(await add('+442079460018'))
    expect(await list('', server.mine.liveKey)).toEqual([other, first])
    expect(await list('?phone_number=+12025550103')).toEqual([first])
    expect(await list('?phone_number=%2B12025550104')).toEqual([])
    expect(await list('', server.theirs.testKey)).toEqual([])
  })

  test('hours of the organization and of the call are refused with what time it is there', async () => {
    const { organizationId } = server.mine
    const closed = { start: '00:00', end: '00:01', time_zone: 'UTC' }
    const refused = await problemOf(await call('+12025550104', { calling_hours: closed }))
    expect(refused).toMatchObject({ code: 'outside_hours', status: 422 })
    expect(refused.detail).toMatch(/hours are 00:00 to 00:01, and it is \w{3} \d\d:\d\d in UTC\.$/)
    await setDialPolicy(server.context, { organizationId, callingHours: closed })
    expect((await problemOf(await call('+12025550104'))).code).toBe('outside_hours')
    const shown = limitsSchema.parse(await (await server.request('/v1/limits')).json())
    expect(shown).toMatchObject({ countries: ['US', 'CA'], calling_hours: closed, concurrent_calls: 100 })
    await setDialPolicy(server.context, { organizationId, callingHours: null })
    expect((await call('+12025550104')).status).toBe(201)
  })

  test('a live key is refused what is never called, before anything else is looked at', async () => {
    const live = async (phoneNumber: string) =>
      await problemOf(
        await server.request('/v1/calls', {
          key: server.mine.liveKey,
          json: { phone_number: phoneNumber, assistant_id: server.mine.assistantId },
        }),
      )
    expect(await live('+19005551234')).toMatchObject({ code: 'destination_blocked', status: 422 })
    expect((await live('+442079460018')).detail).toContain('(GB)')
    expect((await live('+12125550123')).code).toBe('carrier_not_configured')
  })
})

describe('refuses', () => {
  test('numbers that are none, unknown fields, and hours that are none', async () => {
    expect((await problemOf(await add('911'))).code).toBe('invalid_phone_number')
    expect((await problemOf(await add('+12025550105', server.mine, { reason: 1 }))).code).toBe(
      'invalid_request',
    )
    for (const calling_hours of [
      { start: '9', end: '10:00' },
      { start: '10:00', end: '09:00' },
      { start: '09:00', end: '10:00', time_zone: 'Mars' },
    ])
      expect((await problemOf(await call('+12025550100', { calling_hours }))).code).toBe('invalid_request')
  })
})

let numbers = 120
async function entryOf(owner: 'mine' | 'theirs'): Promise<string> {
  const entry = await bodyOf<DoNotCallEntry>(await add(`+12025550${numbers++}`, server[owner]))
  return `/v1/do-not-call/${entry.id}`
}
describeProtection(() => server, {
  add: { method: 'POST', path: () => '/v1/do-not-call', json: {} },
  list: { method: 'GET', path: () => '/v1/do-not-call' },
  limits: { method: 'GET', path: () => '/v1/limits' },
  remove: {
    method: 'DELETE',
    path: entryOf,
    unknownPath: '/v1/do-not-call/dnc_00000000000000000000000000',
  },
})
