import { answerCall } from '@phonevoice/services/calls'
import {
  type CommandResult,
  finishCommand,
  type TakenCommand,
  takeCommands,
} from '@phonevoice/services/commands'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import { bodyOf, problemOf, seedCall, startTestServer, type TestServer } from '../../testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

const nodeId = 'node_of_this_test'

async function liveCall(): Promise<string> {
  const id = await seedCall(server, server.mine)
  await answerCall(server.context, { callId: id, carrierCallId: `CA${id}` })
  await server.db.sql`update calls set node_id = ${nodeId} where id = ${id}`
  return id
}

const post = (id: string, verb: string, json: unknown) => server.request(`/v1/calls/${id}/${verb}`, { json })

/** Moves the clock until the answer is there; meanwhile a media node takes what is left for it. */
async function whileServed(
  answer: Promise<Response>,
  serve: ((taken: TakenCommand) => CommandResult) | null,
): Promise<{ response: Response; taken: TakenCommand[] }> {
  const taken: TakenCommand[] = []
  let response: Response | null = null
  void answer.then((settled) => {
    response = settled
  })
  while (response === null) {
    for (const command of serve === null ? [] : await takeCommands(server.context, { nodeId })) {
      taken.push(command)
      const result = serve?.(command)
      if (result) await finishCommand(server.context, { commandId: command.commandId, result })
    }
    server.clock.advance(25)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { response, taken }
}

describe('a live call', () => {
  test.each([
    ['say', { text: 'Hello.' }, { kind: 'say', text: 'Hello.', interrupt: false }, 'speaking'],
    ['say', { text: 'Hello.', interrupt: true }, { kind: 'say', text: 'Hello.', interrupt: true }, 'queued'],
    ['context', { text: 'VIP' }, { kind: 'context', text: 'VIP' }, 'added'],
    ['keys', { digits: '1,2#' }, { kind: 'keys', digits: '1,2#' }, 'speaking'],
    ['mute', { muted: true }, { kind: 'mute', muted: true }, 'muted'],
  ] as const)(
    '%s %j is carried out, and answered with what happened',
    async (verb, json, command, result) => {
      const id = await liveCall()
      const { response, taken } = await whileServed(post(id, verb, json), () => ({ status: 'done', result }))
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({ object: 'control_result', call_id: id, result })
      expect(taken).toEqual([{ commandId: expect.any(String), callId: id, command }])
      expect(await takeCommands(server.context, { nodeId })).toEqual([])
      const [row] = await server.db.sql`select payload from call_commands where call_id = ${id}`
      expect(row?.payload).toBe('{}')
    },
  )

  test('ends with a goodbye, and the hang-up behind it waits for that', async () => {
    const id = await liveCall()
    const message = 'Goodbye and thank you.'
    const { response, taken } = await whileServed(post(id, 'end', { message }), () => ({
      status: 'done',
      result: 'ending',
    }))
    expect(await bodyOf<{ id: string }>(response)).toMatchObject({ id, status: 'in_progress' })
    expect(taken[0]?.command).toEqual({ kind: 'end', message })
    const [row] = await server.db.sql<
      { next_at: Date }[]
    >`select next_at from work_items where call_id = ${id} and kind = 'hang-up'`
    expect((row?.next_at.getTime() ?? 0) - server.clock.now()).toBeGreaterThan(10_000)
  })
})

describe('refuses', () => {
  test('a call without a conversation, and leaves nothing behind', async () => {
    const id = await seedCall(server, server.mine)
    expect((await problemOf(await post(id, 'say', { text: 'Hello.' }))).code).toBe('call_not_live')
    expect(await server.db.sql`select 1 from call_commands where call_id = ${id}`).toEqual([])
  })

  test('what nobody takes: it is withdrawn first, so that it cannot happen later', async () => {
    const id = await liveCall()
    const startedAt = server.clock.now()
    const { response } = await whileServed(post(id, 'say', { text: 'Hello.' }), null)
    expect((await problemOf(response)).code).toBe('call_not_live')
    expect(server.clock.now() - startedAt).toBeGreaterThanOrEqual(3000)
    expect(await takeCommands(server.context, { nodeId })).toEqual([])
  })

  test('what the process that holds the call refuses', async () => {
    const id = await liveCall()
    const over = await whileServed(post(id, 'mute', { muted: true }), () => ({
      status: 'refused',
      reason: 'not_live',
    }))
    expect((await problemOf(over.response)).code).toBe('call_not_live')
    const full = await whileServed(post(id, 'say', { text: 'Hello.' }), () => ({
      status: 'refused',
      reason: 'too_many',
    }))
    expect((await problemOf(full.response)).code).toBe('rate_limited')
  })

  test.each([
    ['say', { text: '' }, '/text'],
    ['say', { text: 'x'.repeat(1001) }, '/text'],
    ['keys', { digits: '1 2' }, '/digits'],
    ['mute', {}, '/muted'],
    ['context', { text: 'x', more: 1 }, '/more'],
  ])('%s %j', async (verb, json, pointer) => {
    const id = await liveCall()
    const { code, errors } = await problemOf(await post(id, verb, json))
    expect(code).toBe('invalid_request')
    expect(errors.map((error) => error.pointer)).toEqual([pointer])
  })
})

const unknown = 'call_00000000000000000000000000'
const ofCall = (verb: string, json: unknown) => ({
  method: 'POST',
  json,
  path: (owner: 'mine' | 'theirs') => seedCall(server, server[owner]).then((id) => `/v1/calls/${id}/${verb}`),
  unknownPath: `/v1/calls/${unknown}/${verb}`,
  isModeBound: true,
})

describeProtection(() => server, {
  say: ofCall('say', { text: 'Hello.' }),
  context: ofCall('context', { text: 'Hello.' }),
  keys: ofCall('keys', { digits: '1' }),
  mute: ofCall('mute', { muted: true }),
})
