import type { Call } from '@phonevoice/contracts'
import { findCall, listEvents, setEndingReason } from '@phonevoice/services/calls'
import { addCarrierAccount } from '@phonevoice/services/carrier-accounts'
import { announceNode } from '@phonevoice/services/media-nodes'
import { addPhoneNumber, bindPhoneNumber } from '@phonevoice/services/phone-numbers'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type CarrierPost, postAsCarrier } from '../../../testing/carrier-post.ts'
import { ORIGIN, SANDBOX, seedCall, startTestServer, type TestServer } from '../../../testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())
beforeEach(() => setNode(true))

async function setNode(isReady: boolean): Promise<void> {
  await server.db.sql`delete from media_nodes`
  if (isReady)
    await announceNode(server.context, {
      nodeId: 'node_00000000000000000000000000',
      origin: 'wss://media.example.com',
      isReady: true,
      activeCalls: 0,
    })
}

const post = (path: string, fields: Record<string, string>, options?: CarrierPost) =>
  postAsCarrier(server.url, path, fields, options)

const answerPath = (callId: string) => `/carriers/twilio/answer?call=${callId}&dial=1`
const statusPath = (callId: string) => `/carriers/twilio/status?call=${callId}&dial=1`
const fieldsOf = (callId: string, status: string, more: Record<string, string> = {}) => ({
  CallSid: `CA${callId}`,
  AccountSid: SANDBOX.accountSid,
  CallStatus: status,
  From: '+12025550190',
  To: '+12025550100',
  Empty: '',
  ...more,
})

async function eventsOf(callId: string): Promise<string[]> {
  const { organizationId } = server.mine
  const events = await listEvents(server.context, { callId, organizationId, after: 0 })
  return events.map((event) => event.type)
}

describe('answer', () => {
  test('connects a stream with a token, and the call has started', async () => {
    const callId = await seedCall(server, server.mine)
    const response = await post(answerPath(callId), fieldsOf(callId, 'in-progress'))
    expect(response.headers.get('content-type')).toContain('text/xml')
    const document = await response.text()
    expect(document).toContain('<Stream url="wss://media.example.com/media/node_00000000000000000000000000"')
    expect(document).toContain(`action="${ORIGIN}/carriers/twilio/resume?call=${callId}&amp;stream=2"`)
    expect(document).toMatch(/<Parameter name="token" value="[\w-]{43}"\/>/)
    expect(await eventsOf(callId)).toEqual(['call.queued', 'call.started'])
  })

  test('asked twice, it starts the call once', async () => {
    const callId = await seedCall(server, server.mine)
    await post(answerPath(callId), fieldsOf(callId, 'in-progress'))
    const again = await post(answerPath(callId), fieldsOf(callId, 'in-progress'))
    expect(await again.text()).toContain('<Stream')
    expect(await eventsOf(callId)).toEqual(['call.queued', 'call.started'])
  })

  test('a second dial that went through after all is hung up', async () => {
    const callId = await seedCall(server, server.mine)
    await post(answerPath(callId), fieldsOf(callId, 'in-progress'))
    const stray = await post(answerPath(callId), fieldsOf(callId, 'in-progress', { CallSid: 'CAstray' }))
    expect(await stray.text()).toContain('<Response><Hangup/></Response>')
  })

  test('without a media process the carrier is asked to come back in a second', async () => {
    await setNode(false)
    const callId = await seedCall(server, server.mine)
    const document = await (await post(answerPath(callId), fieldsOf(callId, 'in-progress'))).text()
    expect(document).toContain(
      `<Pause length="1"/><Redirect method="POST">${ORIGIN}/carriers/twilio/resume?call=${callId}&amp;stream=2<`,
    )
    expect(await findCall(server.context, callId)).toMatchObject({
      status: 'in_progress',
      endingReason: null,
    })
  })
})

describe('resume', () => {
  const resume = (callId: string, stream: number) =>
    post(`/carriers/twilio/resume?call=${callId}&stream=${stream}`, fieldsOf(callId, 'in-progress'))

  test('a call that goes on gets another stream, one that is ending is hung up', async () => {
    const callId = await seedCall(server, server.mine)
    await post(answerPath(callId), fieldsOf(callId, 'in-progress'))
    expect(await (await resume(callId, 2)).text()).toContain(`stream=3"`)
    await setEndingReason(server.context, { callId, reason: 'assistant_ended' })
    expect(await (await resume(callId, 3)).text()).toContain('<Response><Hangup/></Response>')
  })

  test('another media process goes on, although the dead one still looks alive', async () => {
    const origin = 'wss://other.example.com'
    const callId = await seedCall(server, server.mine)
    await post(answerPath(callId), fieldsOf(callId, 'in-progress'))
    await announceNode(server.context, { nodeId: 'node_other', origin, isReady: true, activeCalls: 99 })
    expect(await (await resume(callId, 2)).text()).toContain(`<Stream url="${origin}/media/node_other"`)
  })

  test('without a media process for ten seconds it apologises, hangs up, and says so', async () => {
    const callId = await seedCall(server, server.mine)
    await setNode(false)
    await post(answerPath(callId), fieldsOf(callId, 'in-progress'))
    expect(await (await resume(callId, 10)).text()).toContain('<Redirect')
    expect(await (await resume(callId, 11)).text()).toMatch(/<Say language="en-US">Sorry.*<\/Say><Hangup\/>/)
    expect(await findCall(server.context, callId)).toMatchObject({ endingReason: 'media_lost' })
  })

  test('streams that fail one after the other are not connected for ever', async () => {
    const callId = await seedCall(server, server.mine)
    await post(answerPath(callId), fieldsOf(callId, 'in-progress'))
    expect(await (await resume(callId, 10)).text()).toContain('<Pause length="1"/><Connect')
    expect(await (await resume(callId, 11)).text()).toContain('<Say')
    expect(await findCall(server.context, callId)).toMatchObject({ endingReason: 'media_lost' })
  })
})

describe('status', () => {
  test('moves the call on, and ends it with its code', async () => {
    const callId = await seedCall(server, server.mine)
    const response = await post(statusPath(callId), fieldsOf(callId, 'ringing'))
    expect([response.status, await response.text()]).toEqual([204, ''])
    await post(statusPath(callId), fieldsOf(callId, 'busy', { SipResponseCode: '486', CallDuration: '0' }))
    const call = await bodyOfCall(callId)
    expect(call).toMatchObject({
      status: 'busy',
      ended_reason: 'busy',
      outcome: { carrier: { code: '486' } },
    })
    expect(await eventsOf(callId)).toEqual(['call.queued', 'call.ringing', 'call.ended'])
  })

  test('what comes late or in a form of the future changes nothing', async () => {
    const callId = await seedCall(server, server.mine)
    await post(statusPath(callId), fieldsOf(callId, 'busy'))
    const before = await eventsOf(callId)
    expect((await post(statusPath(callId), fieldsOf(callId, 'ringing'))).status).toBe(204)
    expect((await post(statusPath(callId), fieldsOf(callId, 'levitating'))).status).toBe(204)
    expect(await eventsOf(callId)).toEqual(before)
  })
})

describe('inbound', () => {
  const path = '/carriers/twilio/inbound'
  const call = (id: string, to: string, more: Record<string, string> = {}) => ({
    CallSid: id,
    AccountSid: SANDBOX.accountSid,
    CallStatus: 'ringing',
    From: '+12025550100',
    To: to,
    ...more,
  })

  test('a bound number is answered by its assistant, and its end is heard of', async () => {
    const { organizationId, assistantId } = server.mine
    const phoneNumber = '+12025550195'
    await bindPhoneNumber(server.context, { organizationId, mode: 'test', phoneNumber, assistantId })
    const document = await (await post(path, call('CAin1', phoneNumber))).text()
    expect(document).toContain('<Stream')
    const again = await (await post(path, call('CAin1', phoneNumber))).text()
    expect(again).toContain('<Stream')
    const [row, ...others] = await server.db.sql<
      { id: string }[]
    >`select id from calls where carrier_call_id = 'CAin1'`
    expect(others).toEqual([])
    const callId = row?.id ?? ''
    expect(await eventsOf(callId)).toEqual(['call.ringing', 'call.started'])
    await post(
      '/carriers/twilio/status',
      call('CAin1', phoneNumber, { CallStatus: 'completed', CallDuration: '7' }),
    )
    expect(await bodyOfCall(callId)).toMatchObject({
      direction: 'inbound',
      status: 'completed',
      duration_seconds: 7,
    })
  })

  test('a number that nobody answers is rejected unanswered', async () => {
    const document = await (await post(path, call('CAin2', '+12025550198'))).text()
    expect(document).toContain('<Reject reason="rejected"/>')
    const ended = call('CAin2', '+12025550198', { CallStatus: 'no-answer' })
    expect((await post('/carriers/twilio/status', ended)).status).toBe(204)
  })

  test('an account that somebody else added under the same name cannot bring calls for a number', async () => {
    const { context, mine, theirs } = server
    const accountSid = `AC${'a'.repeat(32)}`
    const add = (organizationId: string, authToken: string) =>
      addCarrierAccount(context, {
        organizationId,
        carrier: 'twilio',
        accountSid,
        authToken,
        baseUrl: 'http://127.0.0.1:1',
      })
    const owner = await add(mine.organizationId, 'right-token')
    await add(theirs.organizationId, 'invented-token')
    const phoneNumber = '+14155552671'
    const { organizationId, assistantId } = mine
    await addPhoneNumber(context, { organizationId, carrierAccountId: owner.id, phoneNumber })
    await bindPhoneNumber(context, { organizationId, mode: 'live', phoneNumber, assistantId })
    const fields = call('CAin3', phoneNumber, { AccountSid: accountSid })
    const forged = await post(path, fields, { authToken: 'invented-token' })
    expect(await forged.text()).toContain('<Reject')
    const real = await post(path, fields, { authToken: 'right-token' })
    expect(await real.text()).toContain('<Stream')
  })
})

test('a stream callback is a sign of life', async () => {
  const callId = await seedCall(server, server.mine)
  server.clock.advance(60_000)
  const fields = fieldsOf(callId, 'in-progress', {
    StreamEvent: 'stream-error',
    StreamError: '31902',
    StreamSid: 'MZ1',
  })
  expect((await post(`/carriers/twilio/stream?call=${callId}`, fields)).status).toBe(204)
  expect((await findCall(server.context, callId))?.lastSeenAt.getTime()).toBe(server.clock.now())
})

describe('protects', () => {
  test('inbound and number status: an account we do not know, or a wrong signature', async () => {
    for (const hook of ['inbound', 'status']) {
      const path = `/carriers/twilio/${hook}`
      const fields = fieldsOf('x', 'ringing')
      expect((await post(path, fields, { authToken: 'wrong' })).status).toBe(403)
      expect((await post(path, { ...fields, AccountSid: 'AC1' })).status).toBe(403)
      expect((await post(path, {})).status).toBe(403)
    }
  })
})

async function bodyOfCall(callId: string): Promise<Call> {
  return (await (await server.request(`/v1/calls/${callId}`)).json()) as Call
}
