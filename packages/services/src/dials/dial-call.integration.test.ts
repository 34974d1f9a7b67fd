/**
 * Goal: whatever the carrier does, a phone rings once and every call comes to an end. Method: a scripted carrier that keeps the calls it really
 * placed apart from what it answered, a real database, and a clock that only the test moves.
 */
import { CarrierError, type OutsideCategory } from '@phonevoice/base'
import type { CarrierCall, CarrierClient, CarrierRefusal } from '@phonevoice/carriers/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { findCall } from '../calls/call-row.ts'
import { endCall } from '../calls/end-call.ts'
import { recordCarrierStatus } from '../calls/record-carrier-status.ts'
import { claimWork, settleWork } from '../work/index.ts'
import {
  createTestWorld,
  insertCall,
  insertOrganization,
  insertWork,
  type TestWorld,
} from '../work/test-world.ts'
import { type DialCarrier, dialCall, hangUpCall, reconcileQuietCalls } from './index.ts'

let world: TestWorld
let organizationId: string
let carrier: ReturnType<typeof createScriptedCarrier>
beforeAll(async () => {
  world = await createTestWorld(inject('postgresUrl'))
  organizationId = await insertOrganization(world.ctx)
})
afterAll(() => world.close())
beforeEach(() => {
  carrier = createScriptedCarrier()
})

function carrierError(category: OutsideCategory, vendorCode?: string): CarrierError {
  return new CarrierError('scripted', {
    vendor: 'twilio',
    operation: 'test',
    category,
    ...(vendorCode ? { vendorCode } : {}),
  })
}

/** `placed` is what really rings; `script` decides what our side hears of it. */
function createScriptedCarrier() {
  const placed: (CarrierCall & { answerUrl: string; statusUrl: string })[] = []
  const hungUp: string[] = []
  const script = {
    /** Runs before the call is placed: throwing means it never was. */
    beforePlace: async (): Promise<void> => {},
    /** Runs after: throwing means it rings and we do not know. */
    afterPlace: async (): Promise<void> => {},
    onFind: async (): Promise<void> => {},
    refusal: 'other' as CarrierRefusal,
    /** Calls the list does not show yet. */
    hidden: false,
  }
  const client: CarrierClient = {
    async placeCall(request) {
      await script.beforePlace()
      const call = {
        carrierCallId: `CA${organizationId.slice(-6)}${Math.random().toString(16).slice(2)}`,
        status: 'queued' as const,
        to: request.to,
        from: request.from,
        createdAtMs: world.clock.now(),
        durationSeconds: null,
        answerUrl: request.answerUrl,
        statusUrl: request.statusUrl,
      }
      placed.push(call)
      await script.afterPlace()
      return call
    },
    fetchCall: async (id) => placed.find((call) => call.carrierCallId === id) ?? null,
    async findCalls({ to, from, createdAfterMs }) {
      await script.onFind()
      if (script.hidden) return []
      return placed
        .filter((call) => call.to === to && call.from === from && (call.createdAtMs ?? 0) >= createdAfterMs)
        .reverse()
    },
    async hangUp(id) {
      hungUp.push(id)
    },
  }
  const dialCarrier: DialCarrier = {
    client,
    refusalOf: () => script.refusal,
    isOutcomeUnknown: (error) => ['timeout', 'connectivity', 'server'].includes(error.category),
  }
  return { placed, hungUp, script, dialCarrier, carrierOf: async () => dialCarrier }
}

let numbers = 0
async function queuedCall(
  // Simulated phones whose behaviour a user writes, each used by one call only.
  phoneNumber = `+12025550${113 + numbers++}`,
): Promise<{ callId: string; workId: string }> {
  const callId = await insertCall(world.ctx, { organizationId, phoneNumber })
  return { callId, workId: await insertWork(world.ctx, { callId, kind: 'dial' }) }
}

/** Claims and works like a worker, moving time to each due moment, until nothing is due any more. */
async function workOff(workId: string, stepsMax = 60): Promise<void> {
  for (let step = 0; step < stepsMax; step++) {
    const [row] = await world.database.sql<
      { next_at: Date | null }[]
    >`select next_at from work_items where id = ${workId}`
    if (!row?.next_at) return
    world.clock.advance(Math.max(0, row.next_at.getTime() - world.clock.now()))
    const [work] = await claimWork(world.ctx, { ids: [workId], limit: 1 })
    if (!work) throw new Error('due work could not be claimed')
    await settleWork(world.ctx, work, await dialCall(world.ctx, { work, carrierOf: carrier.carrierOf }))
  }
  throw new Error('the dial does not come to an end')
}

async function statusOf(callId: string) {
  const call = await findCall(world.ctx, callId)
  return { status: call?.status, reason: call?.endedReason, carrierCallId: call?.carrierCallId }
}

describe('a dial that goes well', () => {
  test('is placed once, with callbacks that name the call', async () => {
    const { callId, workId } = await queuedCall()
    await workOff(workId)
    expect(carrier.placed).toHaveLength(1)
    expect(carrier.placed[0]?.answerUrl).toBe(`https://api.test/carriers/twilio/answer?call=${callId}&dial=1`)
    expect(carrier.placed[0]?.statusUrl).toBe(`https://api.test/carriers/twilio/status?call=${callId}&dial=1`)
    expect(await statusOf(callId)).toEqual({
      status: 'dialing',
      reason: null,
      carrierCallId: carrier.placed[0]?.carrierCallId,
    })
  })

  test('is dialing before the carrier is asked, with the intent written down', async () => {
    const { callId, workId } = await queuedCall()
    let seen: unknown
    carrier.script.beforePlace = async () => {
      const [row] = await world.database.sql`select c.status, w.intent_at is not null as intended
        from calls c join work_items w on w.call_id = c.id where c.id = ${callId}`
      seen = row
    }
    await workOff(workId)
    expect(seen).toEqual({ status: 'dialing', intended: true })
  })

  test('a call that was canceled while it waited is not dialled', async () => {
    const { callId, workId } = await queuedCall()
    await endCall(world.ctx, { organizationId, callId })
    await workOff(workId)
    expect(carrier.placed).toEqual([])
    expect(await statusOf(callId)).toMatchObject({ status: 'canceled' })
  })

  test('a call that is canceled while the carrier is asked is hung up', async () => {
    const { callId, workId } = await queuedCall()
    carrier.script.afterPlace = async () => void (await endCall(world.ctx, { organizationId, callId }))
    await workOff(workId)
    expect(carrier.hungUp).toEqual([carrier.placed[0]?.carrierCallId])
  })
})

describe('a refusal', () => {
  test.each([
    ['invalid-number', '21211', 'invalid_number'],
    ['unreachable', '21214', 'unreachable'],
    ['blocked', '21215', 'destination_blocked'],
    ['caller-id', '21210', 'carrier_not_configured'],
    ['account', '20003', 'carrier_not_configured'],
    ['other', '99999', 'carrier_error'],
  ] as const)('%s ends the call as %s → %s', async (refusal, code, reason) => {
    const { callId, workId } = await queuedCall()
    carrier.script.refusal = refusal
    carrier.script.beforePlace = () => Promise.reject(carrierError('invalid-request', code))
    await workOff(workId)
    expect(await statusOf(callId)).toMatchObject({ status: 'failed', reason })
    const [row] = await world.database.sql`select carrier_code from calls where id = ${callId}`
    expect(row?.carrier_code).toBe(code)
  })

  test('too many requests: asked again soon, and the phone rings once', async () => {
    const { callId, workId } = await queuedCall()
    let refused = 0
    carrier.script.refusal = 'busy'
    carrier.script.beforePlace = () =>
      refused++ < 3 ? Promise.reject(carrierError('rate-limit', '20429')) : Promise.resolve()
    const startedMs = world.clock.now()
    await workOff(workId)
    expect(carrier.placed).toHaveLength(1)
    expect(world.clock.now() - startedMs).toBeLessThan(15_000)
    expect(await statusOf(callId)).toMatchObject({ status: 'dialing' })
  })

  test('a carrier that stays too busy ends the call', async () => {
    const { callId, workId } = await queuedCall()
    carrier.script.refusal = 'busy'
    carrier.script.beforePlace = () => Promise.reject(carrierError('rate-limit', '20429'))
    await workOff(workId)
    expect(await statusOf(callId)).toMatchObject({ status: 'failed', reason: 'carrier_error' })
  })
})

describe('an unknown outcome', () => {
  test('the call that went through is found and adopted, not dialled again', async () => {
    const { callId, workId } = await queuedCall()
    carrier.script.afterPlace = () => Promise.reject(carrierError('timeout'))
    await workOff(workId)
    expect(carrier.placed).toHaveLength(1)
    expect(await statusOf(callId)).toMatchObject({
      status: 'dialing',
      carrierCallId: carrier.placed[0]?.carrierCallId,
    })
  })

  test('a worker that died after asking leaves the same trace, and its successor adopts', async () => {
    const { callId, workId } = await queuedCall()
    const [work] = await claimWork(world.ctx, { ids: [workId], limit: 1 })
    carrier.script.afterPlace = () => Promise.reject(new Error('the process is gone'))
    await expect(dialCall(world.ctx, { work: work!, carrierOf: carrier.carrierOf })).rejects.toThrow('gone')
    carrier.script.afterPlace = async () => {}
    await workOff(workId)
    expect(carrier.placed).toHaveLength(1)
    expect(await statusOf(callId)).toMatchObject({ carrierCallId: carrier.placed[0]?.carrierCallId })
  })

  test('is dialled again only after nothing has shown for thirty seconds', async () => {
    const { workId } = await queuedCall()
    let asked = 0
    const askedAt: number[] = []
    carrier.script.beforePlace = () => {
      askedAt.push(world.clock.now())
      return asked++ === 0 ? Promise.reject(carrierError('connectivity')) : Promise.resolve()
    }
    await workOff(workId)
    expect(askedAt).toHaveLength(2)
    expect(askedAt[1]! - askedAt[0]!).toBeGreaterThanOrEqual(30_000)
    expect(askedAt[1]! - askedAt[0]!).toBeLessThan(40_000)
    expect(carrier.placed).toHaveLength(1)
  })

  test('a callback that arrives meanwhile settles it', async () => {
    const { callId, workId } = await queuedCall()
    carrier.script.hidden = true
    carrier.script.afterPlace = async () => {
      const { carrierCallId } = carrier.placed[0]!
      await recordCarrierStatus(world.ctx, {
        callId,
        carrierCallId,
        status: 'ringing',
        carrierCode: null,
        atMs: world.clock.now(),
      })
      throw carrierError('timeout')
    }
    await workOff(workId)
    expect(carrier.placed).toHaveLength(1)
    expect(await statusOf(callId)).toMatchObject({ status: 'ringing' })
  })

  test('a first dial that shows up after the second is hung up', async () => {
    const { callId, workId } = await queuedCall()
    carrier.script.hidden = true
    let asked = 0
    carrier.script.afterPlace = () =>
      asked++ === 0 ? Promise.reject(carrierError('timeout')) : Promise.resolve()
    await workOff(workId)
    const [first, second] = carrier.placed
    expect(await statusOf(callId)).toMatchObject({ carrierCallId: second?.carrierCallId })
    const late = await recordCarrierStatus(world.ctx, {
      callId,
      carrierCallId: first!.carrierCallId,
      status: 'ringing',
      carrierCode: null,
      atMs: world.clock.now(),
    })
    expect(late.hangUp).toBe(first?.carrierCallId)
  })

  test('two calls between the same numbers never take each other’s line; without a callback both fail', async () => {
    const phoneNumber = '+12025550189'
    const calls = [await queuedCall(phoneNumber), await queuedCall(phoneNumber)]
    carrier.script.afterPlace = () => Promise.reject(carrierError('timeout'))
    const works = await claimWork(world.ctx, { ids: calls.map((call) => call.workId), limit: 2 })
    for (const work of works)
      await settleWork(world.ctx, work, await dialCall(world.ctx, { work, carrierOf: carrier.carrierOf }))
    for (const { workId } of calls) await workOff(workId)
    expect(carrier.placed).toHaveLength(2)
    const statuses = await Promise.all(calls.map(({ callId }) => statusOf(callId)))
    expect(statuses.map(({ status }) => status)).toContain('failed')
    const owned = statuses.map(({ carrierCallId }) => carrierCallId).filter((id) => id !== null)
    expect(new Set(owned).size).toBe(owned.length)
  })

  test('a carrier that cannot be asked at all ends the call, without a second dial', async () => {
    const { callId, workId } = await queuedCall()
    carrier.script.afterPlace = () => Promise.reject(carrierError('timeout'))
    carrier.script.onFind = () => Promise.reject(carrierError('connectivity'))
    await workOff(workId)
    expect(carrier.placed).toHaveLength(1)
    expect(await statusOf(callId)).toMatchObject({ status: 'failed', reason: 'carrier_error' })
  })
})

describe('limits', () => {
  test('a call that waited too long is not dialled', async () => {
    const { callId, workId } = await queuedCall()
    world.clock.advance(600_001)
    await workOff(workId)
    expect(carrier.placed).toEqual([])
    expect(await statusOf(callId)).toMatchObject({ status: 'failed', reason: 'queue_expired' })
  })

  test('a worker that has lost its lease does not dial', async () => {
    const { workId } = await queuedCall()
    const [work] = await claimWork(world.ctx, { ids: [workId], limit: 1 })
    world.clock.advance(10_000)
    await claimWork(world.ctx, { ids: [workId], limit: 1 })
    await dialCall(world.ctx, { work: work!, carrierOf: carrier.carrierOf })
    expect(carrier.placed).toEqual([])
  })
})

describe('hanging up', () => {
  test('is tried until the carrier has done it', async () => {
    const { callId } = await queuedCall()
    const id = await insertWork(world.ctx, { callId, kind: 'hang-up', detail: 'CAstray' })
    const [work] = await claimWork(world.ctx, { ids: [id], limit: 1 })
    carrier.dialCarrier.client.hangUp = () => Promise.reject(carrierError('server'))
    const step = await hangUpCall(world.ctx, { work: work!, carrierOf: carrier.carrierOf })
    expect(step.nextAtMs).toBeGreaterThan(world.clock.now())
    carrier = createScriptedCarrier()
    expect(await hangUpCall(world.ctx, { work: work!, carrierOf: carrier.carrierOf })).toEqual({
      nextAtMs: null,
    })
    expect(carrier.hungUp).toEqual(['CAstray'])
  })
})

describe('a quiet call', () => {
  test('ends as the carrier says, and with a reason when the carrier knows it no longer', async () => {
    const known = await queuedCall()
    const unknown = await queuedCall()
    await workOff(known.workId)
    await workOff(unknown.workId)
    Object.assign(carrier.placed[0]!, { status: 'busy' })
    carrier.placed.splice(1, 1)
    world.clock.advance(20_001)
    await reconcileQuietCalls(world.ctx, { limit: 100, carrierOf: carrier.carrierOf, wait: async () => {} })
    expect(await statusOf(known.callId)).toMatchObject({ status: 'busy', reason: 'busy' })
    expect(await statusOf(unknown.callId)).toMatchObject({ status: 'failed', reason: 'carrier_error' })
  })
})
