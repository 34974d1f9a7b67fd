import { DEFAULT_WEBHOOK_EVENTS, type EventType } from '@phonevoice/contracts'
import { openDatabase } from '@phonevoice/db'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTenant, createTestCall, readCall, type Tenant } from '../testing/test-calls.ts'
import { createTestContext, type TestContext } from '../testing/test-context.ts'
import { type CallChange, callEvent, type NewTurn, writeCallChange } from './call-writer.ts'

let ctx: TestContext
let tenant: Tenant

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  tenant = await createTenant(ctx)
})
afterAll(() => ctx.db.drop())

function turnOf(turn: number): NewTurn {
  return {
    turn,
    role: 'user',
    text: `t${turn}`,
    text_planned: null,
    interrupted: turn % 2 === 1,
    start_ms: 0,
    end_ms: 1,
  }
}

/** The kind of change a call sees most: a turn with its event, of which a delivery follows. */
function utterance(callId: string, turn: number): CallChange {
  return {
    callId,
    fromStatuses: ['in_progress'],
    events: [callEvent('transcription', ctx.clock.now(), turnOf(turn))],
    turn: turnOf(turn),
  }
}

async function liveCall(): Promise<string> {
  const callId = await createTestCall(ctx, tenant)
  await writeCallChange(ctx, { callId, fromStatuses: ['queued'], set: { status: 'in_progress' } })
  return callId
}

describe('one change', () => {
  it('writes columns, events, deliveries, work and a turn together', async () => {
    const callId = await createTestCall(ctx, tenant)
    const now = ctx.clock.now()
    ctx.wakeUps.length = 0
    const changed = await writeCallChange(ctx, {
      callId,
      fromStatuses: ['queued'],
      set: { status: 'in_progress', started_at: new Date(now), node_id: null, carrier_call_id: 'CA1' },
      events: [
        callEvent('call.ringing', now, { status: 'ringing', phone_number: '+1', from: '+2' }),
        callEvent('transcription', now, turnOf(1)),
      ],
      work: [
        { kind: 'hang-up', detail: 'CA1', nextAtMs: now + 1000 },
        { kind: 'finish', nextAtMs: now },
      ],
      turn: turnOf(1),
    })
    const stored = await readCall(ctx, callId)
    expect(stored.call).toMatchObject({ status: 'in_progress', lastSequence: 3, carrierCallId: 'CA1' })
    expect(stored.types).toEqual(['call.queued', 'call.ringing', 'transcription'])
    expect(stored.deliveries).toEqual([3])
    expect(stored.turns).toEqual([{ turn: 1, text: 't1' }])
    expect(stored.work.map((item) => item.kind)).toEqual(['dial', 'finish', 'hang-up'])
    expect(changed).toMatchObject({
      status: 'in_progress',
      lastSequence: 3,
      organizationId: tenant.organizationId,
    })
    // The hang-up is not due yet: only the finish and the delivery wake somebody.
    expect(changed?.workIds).toHaveLength(1)
    expect(ctx.wakeUps).toEqual([
      { kind: 'delivery', id: changed?.deliveryIds[0] },
      { kind: 'work', id: changed?.workIds[0] },
    ])
  })

  it('writes nothing when the status or a column is not as the change wants it', async () => {
    const callId = await liveCall()
    const before = await readCall(ctx, callId)
    const refused: CallChange = { ...utterance(callId, 1), work: [{ kind: 'finish', nextAtMs: 0 }] }
    expect(await writeCallChange(ctx, { ...refused, fromStatuses: ['ringing'] })).toBeNull()
    await writeCallChange(ctx, { callId, fromStatuses: ['in_progress'], set: { ending_reason: 'max_cost' } })
    expect(await writeCallChange(ctx, { ...refused, onlyIfNull: ['started_at', 'ending_reason'] })).toBeNull()
    const after = await readCall(ctx, callId)
    expect({ ...after, call: null }).toEqual({ ...before, call: null })
    expect(after.call.lastSequence).toBe(before.call.lastSequence)
  })

  it('writes nothing at all when one part is refused', async () => {
    const callId = await liveCall()
    await writeCallChange(ctx, utterance(callId, 1))
    const before = await readCall(ctx, callId)
    await expect(
      writeCallChange(ctx, { ...utterance(callId, 1), set: { ending_reason: 'max_cost' } }),
    ).rejects.toMatchObject({ code: '23505', constraint_name: 'turns_turn' })
    expect(await readCall(ctx, callId)).toEqual(before)
  })

  it('keeps work that is there already as it is', async () => {
    const callId = await liveCall()
    const now = ctx.clock.now()
    const finish = (nextAtMs: number) =>
      writeCallChange(ctx, { callId, fromStatuses: ['in_progress'], work: [{ kind: 'finish', nextAtMs }] })
    expect((await finish(now))?.workIds).toHaveLength(1)
    expect((await finish(now - 5000))?.workIds).toHaveLength(0)
    const { work } = await readCall(ctx, callId)
    expect(work.find((item) => item.kind === 'finish')?.next_at).toEqual(new Date(now))
  })

  it('changes columns without an event, and delivers nothing without a webhook URL', async () => {
    const callId = await liveCall()
    await ctx.db.sql`update calls set webhook_url = null where id = ${callId}`
    await writeCallChange(ctx, { callId, fromStatuses: ['in_progress'], set: { node_id: 'node_1' } })
    await writeCallChange(ctx, utterance(callId, 1))
    const { call, deliveries, types } = await readCall(ctx, callId)
    expect(call.nodeId).toBe('node_1')
    expect(types).toEqual(['call.queued', 'transcription'])
    expect(deliveries).toEqual([])
  })
})

describe('many writers', () => {
  it('numbers the events of a call without gaps under 200 writers at once', async () => {
    const callId = await liveCall()
    const db = openDatabase({ url: ctx.db.url, connectionsMax: 16 })
    const changes = await Promise.all(
      Array.from({ length: 200 }, (_, i) => writeCallChange({ ...ctx, db }, utterance(callId, i + 1))),
    )
    await db.close()
    const { events, deliveries, turns, call } = await readCall(ctx, callId)
    const numbers = Array.from({ length: 201 }, (_, i) => i + 1)
    expect(events.map((event) => event.sequence)).toEqual(numbers)
    expect(deliveries).toEqual(numbers.slice(1))
    expect(turns).toHaveLength(200)
    expect(call.lastSequence).toBe(201)
    const told = changes.map((change) => change?.lastSequence ?? 0)
    expect(told.sort((a, b) => a - b)).toEqual(numbers.slice(1))
  })

  it('lets one of 50 racing writers take a step', async () => {
    const callId = await liveCall()
    const db = openDatabase({ url: ctx.db.url, connectionsMax: 20 })
    const changes = await Promise.all(
      Array.from({ length: 50 }, () =>
        writeCallChange(
          { ...ctx, db },
          {
            ...utterance(callId, 1),
            set: { status: 'completed', ended_at: new Date(ctx.clock.now()) },
            onlyIfNull: ['ended_at'],
          },
        ),
      ),
    )
    await db.close()
    expect(changes.filter((change) => change !== null)).toHaveLength(1)
    expect((await readCall(ctx, callId)).types).toEqual(['call.queued', 'transcription'])
  })

  it('leaves no torn change behind when connections die in the middle', async () => {
    const callId = await liveCall()
    let isDone = false
    let turn = 0
    const writers = Array.from({ length: 5 }, async () => {
      let failures = 0
      while (!isDone) {
        await writeCallChange(ctx, utterance(callId, ++turn)).catch(() => (failures += 1))
      }
      return failures
    })
    let seen = 1
    for (let kills = 0; kills < 6; kills++) {
      seen = await moreEventsThan(callId, seen)
      await ctx.db.killConnections()
    }
    await moreEventsThan(callId, seen)
    isDone = true
    const failures = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0)
    expect(failures).toBeGreaterThan(0)

    const { events, deliveries, turns, call } = await readCall(ctx, callId)
    const numbers = Array.from({ length: call.lastSequence }, (_, i) => i + 1)
    expect(events.map((event) => event.sequence)).toEqual(numbers)
    expect(deliveries).toEqual(numbers.slice(1))
    const told = events.slice(1).map((event) => JSON.parse(event.data).turn)
    expect(told.sort((a, b) => a - b)).toEqual(turns.map((row) => row.turn))
  })
})

/** Waits for the writers to get on, over connections that may just have been killed. */
async function moreEventsThan(callId: string, before: number): Promise<number> {
  for (;;) {
    const rows = await ctx.db.sql<{ count: number }[]>`
      select last_sequence as count from calls where id = ${callId}`.catch(() => [])
    const count = rows[0]?.count ?? 0
    if (count > before) return count
  }
}

it('subscribes to the types that the contract sends by default', async () => {
  const callId = await createTestCall(ctx, tenant)
  const types: readonly EventType[] = (await readCall(ctx, callId)).call.webhookEvents as EventType[]
  expect(types).toEqual(DEFAULT_WEBHOOK_EVENTS)
})
