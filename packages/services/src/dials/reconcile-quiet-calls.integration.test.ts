import type { CarrierCall, CarrierClient } from '@phonevoice/carriers/contract'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { findCall } from '../calls/call-row.ts'
import { recordCarrierStatus } from '../calls/record-carrier-status.ts'
import { setEndingReason } from '../calls/set-ending-reason.ts'
import { announceNode } from '../media-nodes/index.ts'
import { mintStream, openStream } from '../streams/index.ts'
import { createTestWorld, insertCall, insertOrganization, type TestWorld } from '../work/test-world.ts'
import { reconcileQuietCalls } from './index.ts'

let world: TestWorld
let organizationId: string
beforeAll(async () => {
  world = await createTestWorld(inject('postgresUrl'))
  organizationId = await insertOrganization(world.ctx)
})
afterAll(() => world.close())

let counter = 0
async function answeredCall(): Promise<{ callId: string; carrierCallId: string }> {
  const callId = await insertCall(world.ctx, { organizationId, status: 'dialing' })
  const carrierCallId = `CAquiet${++counter}`
  const atMs = world.clock.now()
  await recordCarrierStatus(world.ctx, {
    callId,
    carrierCallId,
    status: 'in-progress',
    carrierCode: null,
    atMs,
  })
  return { callId, carrierCallId }
}

/** A carrier at which every call has ended, or is, like this. */
function carrierOf(ended: Partial<CarrierCall>) {
  const asked: string[] = []
  const redirected: [carrierCallId: string, url: string][] = []
  const client = {
    async redirect(carrierCallId: string, url: string) {
      redirected.push([carrierCallId, url])
    },
    async fetchCall(carrierCallId: string) {
      asked.push(carrierCallId)
      return {
        carrierCallId,
        status: 'completed',
        to: '',
        from: '',
        createdAtMs: null,
        durationSeconds: 7,
        ...ended,
      }
    },
  } as Pick<CarrierClient, 'fetchCall' | 'redirect'> as CarrierClient
  return { asked, redirected, carrierOf: async () => ({ client }), wait: async () => {} }
}

test('a call whose end was never told ended when the carrier says, not when it was asked', async () => {
  const { callId } = await answeredCall()
  const endedAtMs = world.clock.now() + 7000
  world.clock.advance(40_000)
  await reconcileQuietCalls(world.ctx, { limit: 10, ...carrierOf({ endedAtMs }) })
  expect(await findCall(world.ctx, callId)).toMatchObject({
    endedReason: 'caller_hung_up',
    endedAt: new Date(endedAtMs),
    durationSeconds: 7,
  })
})

test('a backlog is worked off in one go, batch after batch', async () => {
  const calls = await Promise.all(Array.from({ length: 25 }, answeredCall))
  world.clock.advance(20_001)
  const carrier = carrierOf({})
  expect(await reconcileQuietCalls(world.ctx, { limit: 10, ...carrier })).toBe(25)
  expect(carrier.asked.toSorted()).toEqual(calls.map((call) => call.carrierCallId).toSorted())
})

describe('a call that lives at the carrier', () => {
  const announce = () =>
    announceNode(world.ctx, { nodeId: 'node_1', origin: 'wss://a', isReady: true, activeCalls: 1 })
  const live = () => carrierOf({ status: 'in-progress', durationSeconds: null })

  async function callOnNode(): Promise<{ callId: string; carrierCallId: string }> {
    await announce()
    const call = await answeredCall()
    const { token } = await mintStream(world.ctx, { callId: call.callId, streamNumber: 1 })
    const { carrierCallId } = call
    await openStream(world.ctx, { token, carrierCallId, carrierStreamId: 'MZ1', nodeId: 'node_1' })
    return call
  }

  test('is handed over when its media process has stopped announcing itself', async () => {
    const { callId, carrierCallId } = await callOnNode()
    world.clock.advance(20_001)
    const carrier = live()
    await reconcileQuietCalls(world.ctx, { limit: 10, ...carrier })
    const url = `${world.ctx.settings.apiOrigin}/carriers/twilio/resume?call=${callId}&stream=2`
    expect(carrier.redirected).toEqual([[carrierCallId, url]])
  })

  test('is left alone while its media process lives', async () => {
    await callOnNode()
    world.clock.advance(20_001)
    await announce()
    const carrier = live()
    await reconcileQuietCalls(world.ctx, { limit: 10, ...carrier })
    expect(carrier.asked).not.toEqual([])
    expect(carrier.redirected).toEqual([])
  })

  test('is left alone when the media process only could not reach the database', async () => {
    await callOnNode()
    world.clock.advance(20_001)
    const carrier = live()
    await reconcileQuietCalls(world.ctx, { limit: 10, ...carrier, wait: announce })
    expect(carrier.redirected).toEqual([])
  })

  test('is left alone when it is ending anyway', async () => {
    const { callId, carrierCallId } = await callOnNode()
    await setEndingReason(world.ctx, { callId, reason: 'assistant_ended' })
    world.clock.advance(20_001)
    const carrier = live()
    await reconcileQuietCalls(world.ctx, { limit: 10, ...carrier })
    expect(carrier.asked).toContain(carrierCallId)
    // Those of the tests before are.
    expect(carrier.redirected.map(([id]) => id)).not.toContain(carrierCallId)
  })
})
