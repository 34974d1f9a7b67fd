/** Goal: the recording of a call is ready, partial or failed in time, and never merged twice. Time passes only when the test moves it. */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { findCall } from '../calls/call-row.ts'
import { announceNode } from '../media-nodes/index.ts'
import { addRecordingPart, deleteMergedParts, findRecording, startRecording } from '../recordings/index.ts'
import { LEASE_MS } from '../work/index.ts'
import { type FinishInput, finishCall } from './index.ts'
import {
  answeredCall,
  claimFinish,
  completedEvents,
  finish,
  merge,
  openFinishWorld,
  openStream,
  timers,
  world,
} from './test-world.ts'

beforeAll(() => openFinishWorld(inject('postgresUrl')))
afterAll(() => world.close())

describe('the recording', () => {
  async function recordedCall(options: { closed: boolean; isLast: boolean }): Promise<string> {
    const callId = await answeredCall({ isRecorded: true })
    await startRecording(world.ctx, { callId })
    const streamId = await openStream(callId, { closed: options.closed })
    await addRecordingPart(world.ctx, {
      streamId,
      number: 1,
      storageKey: 'a',
      offsetMs: 0,
      durationMs: 40_000,
      isLast: options.isLast,
    })
    return callId
  }

  test('is ready when every stream has closed with its last part', async () => {
    const callId = await recordedCall({ closed: true, isLast: true })
    const startedMs = world.clock.now()
    await finish(callId)
    expect(world.clock.now()).toBe(startedMs)
    const [data] = await completedEvents(callId)
    expect(data?.recording).toEqual({ status: 'ready', duration_seconds: 40 })
    expect(data?.recording_url).toMatch(/^https:\/\/api\.test\/rec\//)
    expect(await findRecording(world.ctx, { callId })).toMatchObject({
      status: 'ready',
      storageKey: `recordings/${callId}/call.wav`,
    })
  })

  test('is waited for, but not for ever: then it is partial', async () => {
    const callId = await recordedCall({ closed: false, isLast: false })
    const endedMs = (await findCall(world.ctx, callId))!.endedAt!.getTime()
    await finish(callId)
    expect(world.clock.now() - endedMs).toBeGreaterThanOrEqual(20_000)
    expect(world.clock.now() - endedMs).toBeLessThan(21_000)
    expect((await completedEvents(callId))[0]?.recording).toEqual({ status: 'partial', duration_seconds: 61 })
  })

  test('is not waited for when its media process is dead', async () => {
    const callId = await recordedCall({ closed: false, isLast: false })
    const endedMs = (await findCall(world.ctx, callId))!.endedAt!.getTime()
    await announceNode(world.ctx, { nodeId: 'node_1', origin: 'wss://a', isReady: true, activeCalls: 1 })
    await world.database.sql`update media_nodes set heartbeat_at = ${new Date(endedMs - 11_000)}`
    await finish(callId)
    expect(world.clock.now() - endedMs).toBeGreaterThanOrEqual(5000)
    expect(world.clock.now() - endedMs).toBeLessThan(6000)
    await world.database.sql`delete from media_nodes`
    expect((await completedEvents(callId))[0]?.recording).toEqual({ status: 'partial', duration_seconds: 61 })
  })

  test('that cannot be merged has failed, and the event comes all the same', async () => {
    const callId = await recordedCall({ closed: true, isLast: true })
    await finish(callId, { mergeRecording: () => Promise.reject(new Error('the disk is full')) })
    expect((await completedEvents(callId))[0]).toMatchObject({
      recording: { status: 'failed' },
      recording_url: null,
    })
  })

  test('has its parts deleted an hour after they were merged; those that could not be stay', async () => {
    await world.database.sql`delete from recording_parts`
    const merged = await recordedCall({ closed: true, isLast: true })
    await finish(merged)
    const unmerged = await recordedCall({ closed: true, isLast: true })
    await finish(unmerged, { mergeRecording: () => Promise.reject(new Error('the disk is full')) })
    const deleted: string[] = []
    const pass = (deleteObject = async (key: string) => void deleted.push(key)) =>
      deleteMergedParts(world.ctx, { limit: 10, deleteObject })
    expect(await pass()).toBe(0)
    world.clock.advance(3_600_001)
    // What is interrupted is found again.
    await expect(pass(() => Promise.reject(new Error('the disk is away')))).rejects.toThrow('away')
    expect(await pass()).toBe(1)
    expect(deleted).toEqual(['a'])
    expect(await pass()).toBe(0)
    const left = await world.database.sql`
      select s.call_id from recording_parts p join streams s on s.id = p.stream_id`
    expect(left.map((row) => row.call_id)).toEqual([unmerged])
  })

  test('that was merged before a crash is not merged again', async () => {
    const callId = await recordedCall({ closed: true, isLast: true })
    let merged = 0
    const counting: FinishInput['mergeRecording'] = (input) => {
      merged++
      return merge(input)
    }
    const work = await claimFinish(callId)
    await Promise.allSettled([
      finishCall(world.ctx, {
        work,
        timers,
        analystFor: () => {
          throw new Error('gone')
        },
        mergeRecording: counting,
      }),
    ])
    await expect.poll(async () => (await findRecording(world.ctx, { callId }))?.status).toBe('ready')
    world.clock.advance(LEASE_MS)
    await finish(callId, { mergeRecording: counting })
    expect(merged).toBe(1)
    expect((await completedEvents(callId))[0]?.recording.status).toBe('ready')
  })
})
