import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { answerCall, loadCallForSession, recordUtterance } from '../calls/index.ts'
import { announceNode } from '../media-nodes/index.ts'
import { mintStream, openStream } from '../streams/index.ts'
import { createTenant, createTestCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import type { CommandRequest, CommandResult } from './command.ts'
import { finishCommand, requestCommand } from './index.ts'

let ctx: TestContext
let tenant: Tenant

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  tenant = await createTenant(ctx)
  await announceNode(ctx, { nodeId: 'node_a', origin: 'wss://a.test', isReady: true, activeCalls: 0 })
})
afterAll(() => ctx.db.drop())

async function liveCall(): Promise<string> {
  const callId = await createTestCall(ctx, tenant)
  await answerCall(ctx, { callId, carrierCallId: `CA-${callId}` })
  const { token } = await mintStream(ctx, { callId, streamNumber: 1 })
  await openStream(ctx, { token, carrierCallId: `CA-${callId}`, carrierStreamId: 'MZ', nodeId: 'node_a' })
  return callId
}

async function carryOut(callId: string, command: CommandRequest, result: CommandResult): Promise<string> {
  const { commandId } = await requestCommand(ctx, { ...tenant, callId, command })
  await finishCommand(ctx, { commandId, result })
  return commandId
}

const say = (callId: string, turn: number, role: 'user' | 'assistant', text: string) =>
  recordUtterance(ctx, {
    callId,
    utterance: { turn, role, text, text_planned: null, interrupted: false, start_ms: 0, end_ms: 1 },
  })

it('keeps notes where they were told, for a process that takes the call over', async () => {
  const callId = await liveCall()
  const note = (text: string) =>
    carryOut(callId, { kind: 'context', text }, { status: 'done', result: 'added' })
  await note('They are a member.')
  await say(callId, 1, 'assistant', 'Hello!')
  await say(callId, 2, 'user', 'A table, please.')
  const commandId = await note('The terrace is closed.')
  await note('It rains.')
  await finishCommand(ctx, { commandId, result: { status: 'done', result: 'added' } })
  await carryOut(callId, { kind: 'context', text: 'too late' }, { status: 'refused', reason: 'not_live' })

  expect((await loadCallForSession(ctx, { callId }))?.history).toEqual([
    { role: 'system', text: 'They are a member.' },
    { role: 'assistant', text: 'Hello!' },
    { role: 'user', text: 'A table, please.' },
    { role: 'system', text: 'The terrace is closed.' },
    { role: 'system', text: 'It rains.' },
  ])
})

it('keeps the assistant silenced for a process that takes the call over, until it may speak again', async () => {
  const callId = await liveCall()
  const isSilenced = async () => (await loadCallForSession(ctx, { callId }))?.isSilenced
  expect(await isSilenced()).toBe(false)
  await carryOut(callId, { kind: 'mute', muted: true }, { status: 'done', result: 'muted' })
  expect(await isSilenced()).toBe(true)
  await carryOut(callId, { kind: 'mute', muted: false }, { status: 'done', result: 'unmuted' })
  expect(await isSilenced()).toBe(false)
})
