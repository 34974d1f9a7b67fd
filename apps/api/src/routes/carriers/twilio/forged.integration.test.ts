/**
 * Goal: only the carrier moves a call, and only the one it speaks of; a request of its that is repeated harms nobody. Method: the right request for every
 * hook, changed in every way in which it could be wrong; each must be refused alike, with every row as it was. Then the right ones, twice.
 */
import { findCall } from '@phonevoice/services/calls'
import { addCarrierAccount } from '@phonevoice/services/carrier-accounts'
import { announceNode } from '@phonevoice/services/media-nodes'
import { openStream } from '@phonevoice/services/streams'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { allRows } from '../../../testing/all-rows.ts'
import { type CarrierPost, carrierSignature, postAsCarrier } from '../../../testing/carrier-post.ts'
import {
  ORIGIN,
  problemOf,
  SANDBOX,
  seedCall,
  startTestServer,
  type TestServer,
} from '../../../testing/test-server.ts'

const NODE = 'node_00000000000000000000000000'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())
beforeEach(() =>
  announceNode(server.context, {
    nodeId: NODE,
    origin: 'wss://m.example.com',
    isReady: true,
    activeCalls: 0,
  }),
)

const fieldsOf = (callId: string, more: Record<string, string> = {}) => ({
  CallSid: `CA${callId}`,
  AccountSid: SANDBOX.accountSid,
  CallStatus: 'in-progress',
  From: '+12025550190',
  To: '+12025550100',
  AnsweredBy: 'machine_start',
  StreamEvent: 'stream-stopped',
  StreamSid: 'MZ1',
  ...more,
})

const HOOKS = ['answer', 'resume', 'status', 'stream', 'machine'] as const
/** Hooks of a number, which name only an account. */
const NUMBER_HOOKS = ['inbound', 'status'] as const

const snapshot = () => allRows(server)

const post = (path: string, fields: Record<string, string>, options?: CarrierPost) =>
  postAsCarrier(server.url, path, fields, options)

async function expectRefused(response: Response, what: string): Promise<void> {
  expect(response.status, what).toBe(403)
  expect((await problemOf(response)).code, what).toBe('invalid_signature')
}

/** Ways to send a request wrongly: path, fields and what else differs from the right one. */
function forgeries(path: string, fields: Record<string, string>, otherPath: string) {
  const right = carrierSignature(path, fields)
  const signedFor = (origin: string, at = path) => carrierSignature(at, fields, { origin })
  const swapped = path.includes('&') ? path.replace(/\?(.*)&(.*)$/, '?$2&$1') : `${path}?a=1&b=2`
  const { CallStatus: _, ...withoutStatus } = fields
  const secure = ORIGIN.replace('https:', '')
  return {
    'no signature': [path, fields, { signature: null }],
    'an empty signature': [path, fields, { signature: '' }],
    'another text': [path, fields, { signature: 'nonsense' }],
    'the signature twice': [path, fields, { signature: [right, right] }],
    'a wrong one before the right one': [path, fields, { signature: ['nonsense', right] }],
    'the right one before a wrong one': [path, fields, { signature: [right, 'nonsense'] }],
    'another header': [path, fields, { signature: null, headers: { 'x-signature': right } }],
    'hex instead of base64': [path, fields, { signature: Buffer.from(right, 'base64').toString('hex') }],
    'without its padding': [path, fields, { signature: right.replace(/=+$/, '') }],
    'in lower case': [path, fields, { signature: right.toLowerCase() }],
    'another token': [path, fields, { authToken: 'another-token' }],
    'no token': [path, fields, { authToken: '' }],
    'a value changed': [path, { ...fields, CallStatus: 'completed' }, { signature: right }],
    'a field more': [path, { ...fields, Digits: '1' }, { signature: right }],
    'a field less': [path, withoutStatus, { signature: right }],
    'no fields': [path, {}, { signature: right }],
    'the URL alone signed': [path, fields, { signature: carrierSignature(path, {}) }],
    'a query more': [`${path}${path.includes('?') ? '&' : '?'}more=1`, fields, { signature: right }],
    'the query in another order': [swapped, fields, { signature: right }],
    'the path in other letters': [path, fields, { signature: signedFor(ORIGIN, path.toUpperCase()) }],
    'the path escaped': [path.replace('/twilio', '/%74wilio'), fields, { signature: right }],
    'another hook': [path, fields, { signature: carrierSignature(otherPath, fields) }],
    'http instead of https': [path, fields, { signature: signedFor(`http:${secure}`) }],
    'a socket’s scheme': [path, fields, { signature: signedFor(`wss:${secure}`) }],
    'another port': [path, fields, { signature: signedFor(`${ORIGIN}:8443`) }],
    'the address it was sent to': [
      path,
      fields,
      { signature: signedFor(server.url), headers: { host: new URL(server.url).host } },
    ],
    'a host of the sender’s choice': [
      path,
      fields,
      {
        signature: signedFor('https://evil.example.com'),
        headers: {
          host: 'evil.example.com',
          'x-forwarded-host': 'evil.example.com',
          'x-forwarded-proto': 'https',
        },
      },
    ],
    'a body of another type': [
      path,
      fields,
      { signature: carrierSignature(path, {}), headers: { 'content-type': 'application/json' } },
    ],
  } satisfies Record<string, [string, Record<string, string>, CarrierPost]>
}

describe('a forged request', () => {
  test.each(HOOKS)('%s of a call: refused in every form, and nothing has changed', async (hook) => {
    const callId = await seedCall(server, server.mine)
    const path = `/carriers/twilio/${hook}?call=${callId}&dial=1`
    const before = await snapshot()
    const other = `/carriers/twilio/${hook === 'status' ? 'answer' : 'status'}?call=${callId}&dial=1`
    for (const [what, [at, fields, options]] of Object.entries(forgeries(path, fieldsOf(callId), other)))
      await expectRefused(await post(at, fields, options), what)
    expect(await snapshot()).toEqual(before)
    expect((await post(path, fieldsOf(callId))).status, 'the right one').toBeLessThan(300)
  })

  test.each(NUMBER_HOOKS)('%s of a number: refused in every form', async (hook) => {
    const path = `/carriers/twilio/${hook}`
    const before = await snapshot()
    const other = `/carriers/twilio/${hook === 'status' ? 'inbound' : 'status'}`
    for (const [what, [at, fields, options]] of Object.entries(forgeries(path, fieldsOf('x'), other)))
      await expectRefused(await post(at, fields, options), what)
    expect(await snapshot()).toEqual(before)
    expect((await post(path, fieldsOf('x'))).status, 'the right one').toBeLessThan(300)
  })

  test('about a call whose account is gone, it is refused like any other', async () => {
    const callId = await seedCall(server, server.mine)
    await server.db.sql`update calls set mode = 'live' where id = ${callId}`
    for (const hook of HOOKS)
      await expectRefused(await post(`/carriers/twilio/${hook}?call=${callId}`, fieldsOf(callId)), hook)
  })

  test('a GET is not taken, signed or not', async () => {
    const callId = await seedCall(server, server.mine)
    for (const hook of HOOKS) {
      const path = `/carriers/twilio/${hook}?call=${callId}`
      const signature = carrierSignature(path, {})
      expect((await post(path, {}, { method: 'GET', signature })).status).toBe(405)
    }
  })

  test('what was signed with its fields cut in other places means nothing', async () => {
    // The scheme joins names and values without a mark between them, so this carries the right signature.
    const callId = await seedCall(server, server.mine)
    const path = `/carriers/twilio/status?call=${callId}`
    const { CallStatus, ...others } = fieldsOf(callId)
    const before = await snapshot()
    const moved = { ...others, CallStatusin: CallStatus.slice(2) }
    const signature = carrierSignature(path, fieldsOf(callId))
    expect(carrierSignature(path, moved)).toBe(signature)
    expect((await post(path, moved, { signature })).status).toBe(204)
    expect(await snapshot()).toEqual(before)
  })
})

describe('a crossed request', () => {
  const accountSid = `AC${'b'.repeat(32)}`
  const tokens = { mine: 'token-of-mine', theirs: 'token-of-theirs' }
  let calls: { mine: string; theirs: string }

  beforeAll(async () => {
    const account = { carrier: 'twilio', accountSid, baseUrl: 'http://127.0.0.1:1' } as const
    const liveCall = async (name: 'mine' | 'theirs') => {
      const owner = server[name]
      const { organizationId } = owner
      const { id } = await addCarrierAccount(server.context, {
        ...account,
        organizationId,
        authToken: tokens[name],
      })
      const callId = await seedCall(server, owner)
      await server.db
        .sql`update calls set mode = 'live', carrier_account_id = ${id}, carrier_call_id = ${`CA${callId}`} where id = ${callId}`
      return callId
    }
    calls = { mine: await liveCall('mine'), theirs: await liveCall('theirs') }
  })

  const live = (callId: string) => fieldsOf(callId, { AccountSid: accountSid })

  test.each(HOOKS)("%s: one organization's signature on another's call, or another mode's", async (hook) => {
    const before = await snapshot()
    const path = (callId: string) => `/carriers/twilio/${hook}?call=${callId}`
    const { mine, theirs } = calls
    await expectRefused(await post(path(theirs), live(theirs), { authToken: tokens.mine }), 'mine on theirs')
    await expectRefused(await post(path(mine), live(mine), { authToken: tokens.theirs }), 'theirs on mine')
    await expectRefused(await post(path(mine), live(mine), {}), 'the sandbox on a live call')
    const own = carrierSignature(path(mine), live(mine), { authToken: tokens.mine })
    await expectRefused(await post(path(theirs), live(mine), { signature: own }), 'of one call on another')
    expect(await snapshot()).toEqual(before)
  })

  test('status of a number: an account of the same name does not reach a call of the other', async () => {
    const before = await snapshot()
    const done = { ...live(calls.mine), CallStatus: 'completed' }
    const answer = await post('/carriers/twilio/status', done, { authToken: tokens.theirs })
    expect(answer.status).toBe(204)
    expect(await snapshot()).toEqual(before)
    await post('/carriers/twilio/status', done, { authToken: tokens.mine })
    expect((await findCall(server.context, calls.mine))?.endedAt).not.toBeNull()
  })
})

describe('a repeated request', () => {
  const streamPath = (hook: string, callId: string, more = '') =>
    `/carriers/twilio/${hook}?call=${callId}${more}`
  const tokenOf = (document: string) => /name="token" value="([\w-]+)"/.exec(document)?.[1] ?? null

  test('of a call that is over changes nothing, whatever it was', async () => {
    const callId = await seedCall(server, server.mine)
    const heard: [string, Record<string, string>][] = [
      [streamPath('status', callId), fieldsOf(callId, { CallStatus: 'ringing' })],
      [streamPath('answer', callId), fieldsOf(callId)],
      [streamPath('stream', callId), fieldsOf(callId)],
      [streamPath('machine', callId), fieldsOf(callId)],
      [streamPath('resume', callId, '&stream=2'), fieldsOf(callId)],
      [streamPath('status', callId), fieldsOf(callId, { CallStatus: 'completed', CallDuration: '3' })],
    ]
    for (const [path, fields] of heard) expect((await post(path, fields)).status).toBeLessThan(300)
    const before = await snapshot()
    for (let round = 0; round < 2; round++)
      for (const [path, fields] of heard) {
        const answer = await post(path, fields)
        expect(tokenOf(await answer.text())).toBeNull()
      }
    const after = await snapshot()
    // A request for instructions after the end has the carrier's call hung up once more, which does no harm.
    const isHangUp = (row: string) => row.includes('"kind": "hang-up"')
    expect(after.filter((row) => !isHangUp(row))).toEqual(before.filter((row) => !isHangUp(row)))
    expect(after.filter(isHangUp).length).toBeLessThanOrEqual(1)
  })

  test('that told of a stream once is no sign of life for ever', async () => {
    const callId = await seedCall(server, server.mine)
    const lastSeen = async () => (await findCall(server.context, callId))?.lastSeenAt.getTime()
    server.clock.advance(10_000)
    const Timestamp = new Date(server.clock.now()).toISOString()
    const tell = () => post(streamPath('stream', callId), fieldsOf(callId, { Timestamp }))
    const toldAt = server.clock.now()
    expect((await tell()).status).toBe(204)
    expect(await lastSeen()).toBe(toldAt)
    server.clock.advance(60_000)
    expect((await tell()).status).toBe(204)
    expect(await lastSeen()).toBe(toldAt)
  })

  test('for a stream that has been opened mints no token, and leads the carrier on', async () => {
    const callId = await seedCall(server, server.mine)
    const open = (token: string | null) =>
      openStream(server.context, {
        token: token ?? '',
        carrierCallId: `CA${callId}`,
        carrierStreamId: 'MZ1',
        nodeId: NODE,
      })
    const ask = async (hook: string, more = '') =>
      await (await post(streamPath(hook, callId, more), fieldsOf(callId))).text()

    const first = await ask('answer')
    // Asked again before the stream was opened: the answer may have been lost on its way.
    const second = await ask('answer')
    expect(await open(tokenOf(second))).not.toBeNull()
    expect(await open(tokenOf(second))).toBeNull()

    const before = await allRows(server, ['last_seen_at'])
    const repeated = await ask('answer')
    expect(tokenOf(repeated)).toBeNull()
    expect(repeated).toContain(`${ORIGIN}/carriers/twilio/resume?call=${callId}&amp;stream=2<`)
    expect(await allRows(server, ['last_seen_at'])).toEqual(before)

    const next = tokenOf(await ask('resume', '&stream=2'))
    expect(await open(next)).not.toBeNull()
    expect(tokenOf(await ask('resume', '&stream=2'))).toBeNull()
    expect(tokenOf(await ask('resume', '&stream=3'))).not.toBeNull()
    expect(tokenOf(first)).not.toBeNull()
  })
})
