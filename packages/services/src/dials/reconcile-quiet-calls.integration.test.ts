import type { CarrierCall, CarrierClient } from '@phonevoice/carriers/contract'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { findCall } from '../calls/call-row.ts'
import { recordCarrierStatus } from '../calls/record-carrier-status.ts'
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

/** A carrier at which every call has ended like this. */
function carrierOf(ended: Partial<CarrierCall>) {
  const asked: string[] = []
  const client = {
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
  } as Pick<CarrierClient, 'fetchCall'> as CarrierClient
  return { asked, carrierOf: async () => ({ client }) }
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
