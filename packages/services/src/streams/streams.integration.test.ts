import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { createAssistant } from '../assistants/index.ts'
import {
  answerCall,
  loadCallForSession,
  recordTurnMeasurement,
  recordUtterance,
  setEndingReason,
} from '../calls/index.ts'
import { announceNode, drainNode, removeNode, reserveNode } from '../media-nodes/index.ts'
import {
  addRecordingPart,
  completeRecording,
  getRecording,
  listRecordedStreams,
  mintRecordingLink,
  openRecordingLink,
  revokeRecordingLinks,
  startRecording,
} from '../recordings/index.ts'
import { createTenant, createTestCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { listUsage, recordUsage, recordUsageLines } from '../usage/index.ts'
import { closeStream, mintStream, openStream } from './index.ts'

let ctx: TestContext
let tenant: Tenant

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  const { organizationId } = await createTenant(ctx)
  const llm = { headers: { 'X-Key': 'readable again' } }
  const { id } = await createAssistant(ctx, { organizationId, settings: { name: 'A', llm } })
  tenant = { organizationId, assistantId: id }
})
afterAll(() => ctx.db.drop())
beforeEach(async () => {
  await ctx.db.sql`delete from media_nodes`
  await announce('node_a')
})

const announce = (nodeId: string, activeCalls = 0) =>
  announceNode(ctx, { nodeId, origin: `wss://${nodeId}.test`, isReady: true, activeCalls })

async function answeredCall(): Promise<{ callId: string; carrierCallId: string }> {
  const callId = await createTestCall(ctx, tenant, { variables: { name: 'Ada' }, max_cost_usd: 0.5 })
  const carrierCallId = `CA-${callId}`
  await answerCall(ctx, { callId, carrierCallId })
  return { callId, carrierCallId }
}

it('opens a stream once, with everything the conversation needs', async () => {
  const { callId, carrierCallId } = await answeredCall()
  const minted = await mintStream(ctx, { callId, streamNumber: 1 })
  expect(minted.url).toBe('wss://node_a.test/media/node_a')
  const open = { token: minted.token, carrierCallId, carrierStreamId: 'MZ1', nodeId: 'node_a' }
  const briefs = await Promise.all(Array.from({ length: 5 }, () => openStream(ctx, open)))
  const opened = briefs.filter((brief) => brief !== null)
  expect(opened).toHaveLength(1)
  expect(opened[0]).toMatchObject({
    callId,
    streamId: minted.streamId,
    startedAt: new Date(ctx.clock.now()),
    variables: { name: 'Ada' },
    maxCostMicroUsd: 500_000,
    history: [],
    nextTurn: 1,
    endingReason: null,
    assistant: { llm: { headers: { 'X-Key': 'readable again' } } },
    webhookSecret: expect.stringMatching(/^whsec_/),
  })
})

it('refuses another node, another call, a wrong token and one that is too old, without using it up', async () => {
  const { callId, carrierCallId } = await answeredCall()
  const { token } = await mintStream(ctx, { callId, streamNumber: 1 })
  const open = { token, carrierCallId, carrierStreamId: 'MZ1', nodeId: 'node_a' }
  expect(await openStream(ctx, { ...open, nodeId: 'node_b' })).toBeNull()
  expect(await openStream(ctx, { ...open, carrierCallId: 'CA-x\0' })).toBeNull()
  expect(await openStream(ctx, { ...open, token: 'x' })).toBeNull()
  expect(await openStream(ctx, open)).not.toBeNull()
  const late = await mintStream(ctx, { callId, streamNumber: 2 })
  ctx.clock.advance(30_001)
  await announce('node_a')
  expect(await openStream(ctx, { ...open, token: late.token })).toBeNull()
})

it('gives a process that takes over the memory of the call', async () => {
  const { callId, carrierCallId } = await answeredCall()
  const turn = { text_planned: null, interrupted: false, start_ms: 0, end_ms: 1 }
  for (const [i, text] of ['Hello', 'Hi', 'Bye'].entries())
    await recordUtterance(ctx, {
      callId,
      utterance: { ...turn, turn: i + 1, role: i === 1 ? 'user' : 'assistant', text },
    })
  await setEndingReason(ctx, { callId, reason: 'max_cost' })
  const { token } = await mintStream(ctx, { callId, streamNumber: 1 })
  const brief = await openStream(ctx, { token, carrierCallId, carrierStreamId: 'MZ', nodeId: 'node_a' })
  expect(brief).toMatchObject({
    history: [
      { role: 'assistant', text: 'Hello' },
      { role: 'user', text: 'Hi' },
      { role: 'assistant', text: 'Bye' },
    ],
    nextTurn: 4,
    endingReason: 'max_cost',
  })
})

it('goes to the reserved node while that lives, else to another, and says when there is none', async () => {
  const reserved = async () => {
    const callId = await createTestCall(ctx, tenant)
    expect(await loadCallForSession(ctx, { callId })).toMatchObject({ callId, startedAt: null })
    const node = await reserveNode(ctx, { callId })
    expect(ctx.messages).toContainEqual({ topic: 'call-prepare', nodeId: node?.nodeId, callId })
    return callId
  }
  const calls: string[] = []
  for (let i = 0; i < 10; i++) calls.push(await reserved())
  await announce('node_b')
  for (const callId of calls) {
    await answerCall(ctx, { callId, carrierCallId: `CA-${callId}` })
    expect((await mintStream(ctx, { callId, streamNumber: 1 })).url).toContain('node_a')
  }
  const callId = calls[0] ?? ''
  await drainNode(ctx, { nodeId: 'node_a' })
  expect((await mintStream(ctx, { callId, streamNumber: 1 })).url).toContain('node_b')
  await removeNode(ctx, { nodeId: 'node_b' })
  await expect(mintStream(ctx, { callId, streamNumber: 1 })).rejects.toMatchObject({ code: 'not_ready' })
  await announce('node_b')
  ctx.clock.advance(10_001)
  await expect(mintStream(ctx, { callId, streamNumber: 1 })).rejects.toMatchObject({ code: 'not_ready' })
})

it('prefers nodes with fewer calls', async () => {
  await announce('node_a', 5000)
  await announce('node_b', 0)
  const callId = await createTestCall(ctx, tenant)
  const nodes: string[] = []
  for (let i = 0; i < 30; i++) nodes.push((await reserveNode(ctx, { callId }))?.nodeId ?? '')
  expect(nodes.filter((node) => node === 'node_b').length).toBeGreaterThan(25)
})

it('keeps the parts of a recording and gives links that expire and can be revoked', async () => {
  const { callId, carrierCallId } = await answeredCall()
  const { token, streamId } = await mintStream(ctx, { callId, streamNumber: 1 })
  await openStream(ctx, { token, carrierCallId, carrierStreamId: 'MZ', nodeId: 'node_a' })
  const { recordingId } = await startRecording(ctx, { callId })
  expect(await startRecording(ctx, { callId })).toEqual({ recordingId })
  const part = { streamId, storageKey: 'k', offsetMs: 0, durationMs: 500, isLast: false }
  await addRecordingPart(ctx, { ...part, number: 2, offsetMs: 500 })
  for (let i = 0; i < 2; i++) await addRecordingPart(ctx, { ...part, number: 1 })
  await closeStream(ctx, { streamId })
  const [stream] = await listRecordedStreams(ctx, { callId })
  expect(stream?.parts.map((item) => item.number)).toEqual([1, 2])
  expect(stream?.closedAt).toEqual(new Date(ctx.clock.now()))

  const done = { callId, status: 'ready', storageKey: 'whole', durationMs: 1000, sizeBytes: 9 } as const
  expect(await completeRecording(ctx, done)).toBe(true)
  expect(await completeRecording(ctx, { ...done, status: 'failed' })).toBe(false)
  const recording = await getRecording(ctx, { ...tenant, callId })
  if (!recording) throw new Error('The recording is missing.')
  const link = mintRecordingLink(ctx, { recording })
  expect(link.url).toBe(`https://api.example.com/rec/${link.token}`)
  expect(encodeURIComponent(link.token)).toBe(link.token)
  expect(await openRecordingLink(ctx, link)).toMatchObject({ id: recordingId, status: 'ready' })
  await expect(
    openRecordingLink(ctx, {
      token: `${link.token.slice(0, 9)}${link.token[9] === 'A' ? 'B' : 'A'}${link.token.slice(10)}`,
    }),
  ).rejects.toMatchObject({
    code: 'not_found',
  })
  await revokeRecordingLinks(ctx, { ...tenant, callId })
  await expect(openRecordingLink(ctx, link)).rejects.toMatchObject({ code: 'link_expired' })
  const fresh = mintRecordingLink(ctx, { recording: { ...recording, linkVersion: 2 }, ttlSeconds: 60 })
  expect(await openRecordingLink(ctx, fresh)).toMatchObject({ id: recordingId })
  ctx.clock.advance(60_000)
  await expect(openRecordingLink(ctx, fresh)).rejects.toMatchObject({ code: 'link_expired' })
})

it('only ever raises what a call has used', async () => {
  const callId = await createTestCall(ctx, tenant)
  const item = {
    callId,
    key: 's:stt',
    component: 'stt',
    provider: 'openai',
    model: 'm',
    unit: 'second',
    source: 'measured',
  } as const
  for (const quantity of [1.5, 4.25, 2]) await recordUsage(ctx, { ...item, quantity })
  expect(await listUsage(ctx, { callId })).toEqual([{ ...item, quantity: 4.25 }])
  const voice = { ...item, key: 's:tts', component: 'tts', unit: 'character', quantity: 7 } as const
  await recordUsageLines(ctx, { callId, lines: [{ ...item, quantity: 3 }, voice] })
  expect((await listUsage(ctx, { callId })).map(({ key, quantity }) => [key, quantity]).sort()).toEqual([
    ['s:stt', 4.25],
    ['s:tts', 7],
  ])
})

it('writes down an exchange with what the call has used by then, once', async () => {
  const callId = await createTestCall(ctx, tenant)
  const line = {
    key: 's:llm',
    component: 'llm',
    provider: 'openai',
    model: 'm',
    unit: 'input_token',
  } as const
  const measurement = {
    responseId: 's:r1',
    turn: 2,
    speechEndedMs: 1000.4,
    speechCommittedMs: null,
    wordsKnownMs: null,
    decidedMs: 1200,
    llmFirstTokenMs: null,
    firstClauseMs: null,
    firstAudioMs: null,
    firstAudioSentMs: 1500.6,
    heardUntilMs: null,
    interrupted: false,
  }
  for (const quantity of [50, 80]) {
    await recordTurnMeasurement(ctx, {
      callId,
      measurement: { ...measurement, decidedMs: quantity },
      usage: [{ ...line, quantity, source: 'measured' }],
    })
  }
  await recordTurnMeasurement(ctx, { callId, measurement: { ...measurement, responseId: 's:r2' }, usage: [] })
  const rows = await ctx.db.sql`
    select response_id, speech_ended_ms, decided_ms, first_audio_sent_ms from turn_measurements
    where call_id = ${callId} order by response_id`
  expect([...rows]).toEqual([
    { response_id: 's:r1', speech_ended_ms: 1000, decided_ms: 50, first_audio_sent_ms: 1501 },
    { response_id: 's:r2', speech_ended_ms: 1000, decided_ms: 1200, first_audio_sent_ms: 1501 },
  ])
  expect((await listUsage(ctx, { callId })).map(({ quantity }) => quantity)).toEqual([80])
})
