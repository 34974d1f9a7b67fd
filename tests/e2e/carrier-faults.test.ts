/**
 * What the carrier tells us is lost, doubled, late or out of order, or its answer to our own request never arrives. Every call must end all the same,
 * once, as what it was; no phone rings twice and no line stays open. All cases run at once, as they would on a bad day.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

interface Case {
  title: string
  phone: Record<string, unknown>
  faults: Record<string, unknown>[]
  ends: { status: string; ended_reason: string }
  /** From the end at the carrier to `call.completed`. */
  withinSeconds: number
}

const ANSWERS = {
  name: 'short',
  steps: [{ do: 'listen' }, { do: 'say', text: 'Goodbye.' }, { do: 'hang-up' }],
}
const BUSY = { name: 'busy', when_called: 'busy' }
const HUNG_UP = { status: 'completed', ended_reason: 'caller_hung_up' }
const IS_BUSY = { status: 'busy', ended_reason: 'busy' }
/** Promised: a minute when the carrier tells us, three when it does not. */
const TOLD = 60
const UNTOLD = 180

const callbacks = (kind: string, fields: Record<string, unknown> = {}) => ({
  on: 'status-callback',
  kind,
  ...fields,
})
const LOST_ANSWER = { on: 'rest', kind: 'lose-answer', operation: 'POST Calls.json', times: 1 }

const CASES: Case[] = [
  {
    title: 'the end is never told',
    phone: ANSWERS,
    faults: [callbacks('lose', { call_status: 'completed' })],
    ends: HUNG_UP,
    withinSeconds: UNTOLD,
  },
  {
    title: 'nothing is ever told',
    phone: ANSWERS,
    faults: [callbacks('lose')],
    ends: HUNG_UP,
    withinSeconds: UNTOLD,
  },
  {
    title: 'nothing is told of a busy number',
    phone: BUSY,
    faults: [callbacks('lose')],
    ends: IS_BUSY,
    withinSeconds: UNTOLD,
  },
  {
    title: 'everything is told twice',
    phone: ANSWERS,
    faults: [callbacks('double')],
    ends: HUNG_UP,
    withinSeconds: TOLD,
  },
  {
    title: 'a busy number is reported twice',
    phone: BUSY,
    faults: [callbacks('double')],
    ends: IS_BUSY,
    withinSeconds: TOLD,
  },
  {
    title: 'everything is told three seconds late',
    phone: ANSWERS,
    faults: [callbacks('delay', { delay_ms: 3000 })],
    ends: HUNG_UP,
    withinSeconds: TOLD,
  },
  {
    title: 'the ringing is told after the end',
    phone: ANSWERS,
    faults: [callbacks('delay', { call_status: 'ringing', delay_ms: 15_000 })],
    ends: HUNG_UP,
    withinSeconds: TOLD,
  },
  {
    title: 'what is told is out of order',
    phone: ANSWERS,
    faults: [callbacks('reorder')],
    ends: HUNG_UP,
    withinSeconds: TOLD,
  },
  {
    title: 'a busy number is reported out of order',
    phone: BUSY,
    faults: [callbacks('reorder')],
    ends: IS_BUSY,
    withinSeconds: TOLD,
  },
  {
    title: 'the answer to our request is lost',
    phone: ANSWERS,
    faults: [LOST_ANSWER],
    ends: HUNG_UP,
    withinSeconds: TOLD,
  },
  {
    title: 'the answer to our request and everything after is lost',
    phone: ANSWERS,
    faults: [LOST_ANSWER, callbacks('lose')],
    ends: HUNG_UP,
    withinSeconds: UNTOLD,
  },
  {
    title: 'the answer to our request for a busy number is lost, and all else',
    phone: BUSY,
    faults: [LOST_ANSWER, callbacks('lose')],
    ends: IS_BUSY,
    withinSeconds: UNTOLD,
  },
]

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

/** Phones for a copy of every case. */
const COPIES = 3
const numberOf = (index: number, copy: number) => `+12025550${113 + index * COPIES + copy}`

describe('a carrier that cannot be relied on', () => {
  it('every call ends once, as what it was', async () => {
    const calls = CASES.flatMap((one, index) =>
      Array.from({ length: COPIES }, (_, copy) => ({ ...one, number: numberOf(index, copy) })),
    )
    await Promise.all(calls.map(({ number, phone }) => system.givePhone(number, phone)))
    const faults = calls.flatMap(({ number, faults }) => faults.map((fault) => ({ ...fault, to: number })))
    expect((await system.sandbox('PUT', '/faults', { faults })).status).toBeLessThan(300)

    const placed = await Promise.all(
      calls.map(async (one) => ({
        ...one,
        call: await system.call({
          phone_number: one.number,
          assistant_overrides: { first_message: 'Hello.', analysis: { enabled: false } },
          webhook_events: [
            'call.queued',
            'call.ringing',
            'call.started',
            'transcription',
            'call.ended',
            'call.completed',
          ],
        }),
      })),
    )
    const results = await Promise.all(
      placed.map(async (one) => ({ ...one, ...(await one.call.completed(UNTOLD * 1000)) })),
    )
    for (const { title, ends, withinSeconds, number, call, webhooks, completed, phone } of results) {
      const context = `${title} (${number})`
      expect(call, context).toMatchObject(ends)
      const lateMs = completed.json.timestamp * 1000 - Date.parse(phone.ended_at)
      expect(lateMs, context).toBeLessThan(withinSeconds * 1000)
      const { body } = await system.sandbox('GET', `/calls?to=${encodeURIComponent(number)}`)
      expect(
        body.calls.map((one: { status: string }) => one.status),
        context,
      ).toEqual([ends.status])
      expectOneEnd(webhooks, context)
    }
  }, 240_000)

  it('two calls between the same numbers whose answers are both lost are not mixed up', async () => {
    const number = '+12025550160'
    await system.givePhone(number, ANSWERS)
    await system.sandbox('PUT', '/faults', { faults: [{ ...LOST_ANSWER, to: number, times: 2 }] })
    const placed = await Promise.all([1, 2].map(() => system.call({ phone_number: number })))
    const ended = await Promise.all(placed.map((call) => call.completed(120_000)))
    const carrierIds = ended.map(({ call }) => call.outcome.carrier.call_id)
    expect(new Set(carrierIds).size).toBe(2)
    const { body } = await system.sandbox('GET', `/calls?to=${encodeURIComponent(number)}`)
    expect(body.calls.map((one: { sid: string }) => one.sid).toSorted()).toEqual(carrierIds.toSorted())
  }, 150_000)
})

/** Numbers without gaps, the order of a call's life, one end. */
function expectOneEnd(webhooks: { json: { event: string; sequence: number } }[], context: string): void {
  const inOrder = webhooks
    .map((webhook) => webhook.json)
    .toSorted((one, other) => one.sequence - other.sequence)
  expect(
    inOrder.map((event) => event.sequence),
    context,
  ).toEqual(inOrder.map((_, index) => index + 1))
  const life = inOrder.map((event) => event.event).filter((event) => event !== 'transcription')
  const full = ['call.queued', 'call.ringing', 'call.started', 'call.ended', 'call.completed']
  expect(life, context).toEqual(full.filter((event) => life.includes(event)))
  expect(life.slice(-2), context).toEqual(['call.ended', 'call.completed'])
}
