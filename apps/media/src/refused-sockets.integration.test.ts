/**
 * Goal: only the carrier's own socket takes a call, once, and only the call its token was made for. Method: the right handshake and first message, changed in
 * every way in which they could be wrong; each must be refused, and leave call and token for the carrier.
 */
import { randomBytes } from 'node:crypto'
import { createTestClock, silentLog } from '@phonevoice/base'
import { signTwilioUrl } from '@phonevoice/carriers'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import { createAssistant } from '@phonevoice/services/assistants'
import { answerCall, createCall, setEndingReason } from '@phonevoice/services/calls'
import { addCarrierAccount } from '@phonevoice/services/carrier-accounts'
import type { ServiceContext } from '@phonevoice/services/context'
import { announceNode } from '@phonevoice/services/media-nodes'
import { createOrganization } from '@phonevoice/services/organizations'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import { mintStream } from '@phonevoice/services/streams'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { type OpenCallDependencies, openCall } from './open-call.ts'
import { createMediaServer, type MediaServer } from './server.ts'

const NODE = 'node_a'
const ORIGIN = 'wss://media.example.com'
const URL_GIVEN_OUT = `${ORIGIN}/media/${NODE}`
const SANDBOX = { carrierUrl: 'http://127.0.0.1:1', accountSid: `AC${'0'.repeat(32)}`, authToken: 'sandbox' }
const clock = createTestClock()

let db: TestDatabase
let ctx: ServiceContext
let server: MediaServer
let port: number

beforeAll(async () => {
  db = await createTestDatabase(inject('postgresUrl'))
  ctx = {
    db,
    clock,
    log: silentLog,
    secrets: createSecretBox({ db, masterKeys: [masterKey(randomBytes(32))] }),
    wake() {},
    publish() {},
    settings: { apiOrigin: 'https://api.example.com', sandbox: SANDBOX },
  }
  // Whoever has been let in fails at the first thing that is not here.
  const others = {} as OpenCallDependencies
  const deps = { ...others, ctx, timers: clock, publicOrigin: ORIGIN, nodeId: NODE, log: silentLog }
  server = createMediaServer({
    nodeId: NODE,
    openSession: (claim, sink) => openCall(deps, claim, sink),
    isReady: () => true,
    callsMax: 100,
    log: silentLog,
    timers: clock,
  })
  port = await server.listen(0, '127.0.0.1')
})
afterAll(async () => {
  await server.close()
  await db.drop()
})

/** A call that was answered, and the token of its stream. */
async function answeredCall(live?: { authToken: string }) {
  const { id: organizationId } = await createOrganization(ctx, { name: 'O' })
  const { id: assistantId } = await createAssistant(ctx, { organizationId, settings: { name: 'Ada' } })
  const request = { phone_number: '+12025550100', assistant_id: assistantId }
  const created = await createCall(ctx, { organizationId, mode: 'test', request, idempotency: null })
  const { id: callId } = JSON.parse(created.body) as { id: string }
  if (live) {
    const accountSid = `AC${'b'.repeat(32)}`
    const account = { carrier: 'twilio', accountSid, baseUrl: SANDBOX.carrierUrl, ...live } as const
    const { id } = await addCarrierAccount(ctx, { organizationId, ...account })
    await db.sql`update calls set mode = 'live', carrier_account_id = ${id} where id = ${callId}`
  }
  const carrierCallId = `CA${callId}`
  await answerCall(ctx, { callId, carrierCallId })
  return { callId, carrierCallId, token: await newToken(callId) }
}

async function newToken(callId: string): Promise<string> {
  await announceNode(ctx, { nodeId: NODE, origin: ORIGIN, isReady: true, activeCalls: 0 })
  return (await mintStream(ctx, { callId, streamNumber: 1 })).token
}

interface Attempt {
  token: string
  carrierCallId: string
  /** Default: right for a test call. Null: none; several: a header line each. */
  signature?: string | string[] | null
  path?: string
  /** Sent instead of the start message. */
  first?: string
}

/** Connects and introduces itself; answers with the HTTP status that refused the handshake, or the code the socket was closed with. */
function connect({
  token,
  carrierCallId,
  signature,
  path = `/media/${NODE}`,
  first,
}: Attempt): Promise<number> {
  const sent = signature === undefined ? signTwilioUrl(SANDBOX.authToken, URL_GIVEN_OUT) : signature
  const headers = sent === null ? {} : { 'x-twilio-signature': sent }
  // The types leave out that Node writes a header line for each text of an array.
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: headers as Record<string, string> })
  return new Promise((resolve, reject) => {
    ws.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    ws.on('error', reject)
    ws.on('close', resolve)
    ws.on('open', () => {
      const start = { accountSid: 'AC', streamSid: 'MZ1', callSid: carrierCallId, tracks: ['inbound'] }
      const mediaFormat = { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }
      const message = {
        event: 'start',
        sequenceNumber: '1',
        streamSid: 'MZ1',
        start: { ...start, mediaFormat, customParameters: token === '' ? {} : { token } },
      }
      ws.send(first ?? JSON.stringify(message))
    })
  })
}

async function stateOf(...callIds: string[]): Promise<string> {
  const streams = await db.sql`select * from streams where call_id = any(${callIds}::text[]) order by id`
  const calls = await db.sql`select * from calls where id = any(${callIds}::text[]) order by id`
  return JSON.stringify([streams, calls])
}

async function storedHash(callId: string): Promise<string> {
  const [row] = await db.sql<
    [{ token_hash: string }]
  >`select token_hash from streams where call_id = ${callId}`
  return row.token_hash
}

async function openedStreams(callId: string): Promise<number> {
  const rows = await db.sql`select 1 from streams where call_id = ${callId} and opened_at is not null`
  return rows.length
}

test('a handshake that cannot be right is refused before there is a socket', async () => {
  const call = await answeredCall()
  const before = await stateOf(call.callId)
  expect(await connect({ ...call, signature: null })).toBe(403)
  for (const path of [
    '/',
    '/media/',
    '/media/node_b',
    `/media/${NODE}/`,
    `/media/${NODE}?token=${call.token}`,
  ])
    expect(await connect({ ...call, path }), path).toBe(404)
  expect(await stateOf(call.callId)).toBe(before)
})

test('a signature that is not the carrier’s over our address is refused, and takes the token from nobody', async () => {
  const call = await answeredCall()
  const right = signTwilioUrl(SANDBOX.authToken, URL_GIVEN_OUT)
  const over = (url: string) => signTwilioUrl(SANDBOX.authToken, url)
  const before = await stateOf(call.callId)
  const wrong = {
    'another text': 'nonsense',
    'an empty one': '',
    'another token': signTwilioUrl('another', URL_GIVEN_OUT),
    'no token': signTwilioUrl('', URL_GIVEN_OUT),
    'twice the right one': [right, right],
    'a wrong one before the right one': ['nonsense', right],
    'without encryption': over(URL_GIVEN_OUT.replace('wss:', 'ws:')),
    'a page’s scheme': over(URL_GIVEN_OUT.replace('wss:', 'https:')),
    'the address that was connected to': over(`wss://127.0.0.1:${port}/media/${NODE}`),
    'another host': over(`wss://evil.example.com/media/${NODE}`),
    'another port': over(`wss://media.example.com:8443/media/${NODE}`),
    'another node': over(`${ORIGIN}/media/node_b`),
    'a query': over(`${URL_GIVEN_OUT}?a=1`),
    'in lower case': right.toLowerCase(),
  }
  for (const [what, signature] of Object.entries(wrong))
    expect(await connect({ ...call, signature }), what).toBe(1008)
  expect(await stateOf(call.callId)).toBe(before)
  await connect(call)
  expect(await openedStreams(call.callId)).toBe(1)
})

test('a token opens its own call only, once, and for as long as it lasts', async () => {
  const [one, two] = await Promise.all([answeredCall(), answeredCall()])
  const callIds = [one.callId, two.callId]
  const before = await stateOf(...callIds)
  const wrong = {
    none: { ...one, token: '' },
    'an invented one': { ...one, token: randomBytes(32).toString('base64url') },
    'another call’s': { ...one, token: two.token },
    'another call at the carrier': { ...one, carrierCallId: two.carrierCallId },
    'cut short': { ...one, token: one.token.slice(0, -1) },
    'the hash that is stored': { ...one, token: await storedHash(one.callId) },
  }
  for (const [what, attempt] of Object.entries(wrong)) expect(await connect(attempt), what).toBe(1008)
  expect(await stateOf(...callIds)).toBe(before)

  const racing = await Promise.all(Array.from({ length: 5 }, () => connect(one)))
  expect(racing).toEqual([1008, 1008, 1008, 1008, 1008])
  expect(await openedStreams(one.callId)).toBe(1)
  const used = await stateOf(one.callId)
  expect(await connect(one), 'used').toBe(1008)
  expect(await stateOf(one.callId)).toBe(used)

  clock.advance(30_001)
  const late = await stateOf(two.callId)
  expect(await connect(two), 'too old').toBe(1008)
  expect(await stateOf(two.callId)).toBe(late)
})

test('a token of a call that is ending at the carrier opens nothing', async () => {
  const call = await answeredCall()
  await setEndingReason(ctx, { callId: call.callId, reason: 'api_ended' })
  await db.sql`update calls set status = 'completed', ended_at = ${new Date(clock.now())} where id = ${call.callId}`
  const before = await stateOf(call.callId)
  expect(await connect(call)).toBe(1008)
  expect(await stateOf(call.callId)).toBe(before)
})

test('one organization’s signature does not open another’s call, and the sandbox’s opens no live one', async () => {
  const mine = await answeredCall({ authToken: 'mine' })
  const theirs = await answeredCall({ authToken: 'theirs' })
  const before = await stateOf(mine.callId, theirs.callId)
  const signedBy = (authToken: string) => signTwilioUrl(authToken, URL_GIVEN_OUT)
  expect(await connect({ ...theirs, signature: signedBy('mine') })).toBe(1008)
  expect(await connect({ ...mine, signature: signedBy('theirs') })).toBe(1008)
  expect(await connect(mine)).toBe(1008)
  expect(await stateOf(mine.callId, theirs.callId)).toBe(before)
  await connect({ ...mine, signature: signedBy('mine') })
  expect(await openedStreams(mine.callId)).toBe(1)
})

test('a socket that says something else first, or nothing for five seconds, is closed', async () => {
  const call = await answeredCall()
  const media = JSON.stringify({ event: 'media', streamSid: 'MZ1', media: { payload: '' } })
  expect(await connect({ ...call, first: media })).toBe(1008)
  const ws = new WebSocket(`ws://127.0.0.1:${port}/media/${NODE}`, { headers: { 'x-twilio-signature': 'x' } })
  await new Promise((resolve) => ws.once('open', resolve))
  const closed = new Promise((resolve) => ws.once('close', resolve))
  clock.advance(5000)
  expect(await closed).toBe(1008)
})
