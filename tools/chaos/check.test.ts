/** Each promise is broken once, and the check must say so: a check that finds nothing proves nothing. */
import { describe, expect, test } from 'vitest'
import { checkFacts } from './check.ts'
import type { Facts } from './facts.ts'

const TYPES = ['call.queued', 'call.started', 'call.ended', 'call.completed']

/** One answered call, as it should be. */
function goodFacts(): Facts {
  const events = TYPES.map((type, at) => ({
    id: `evt_${at + 1}`,
    callId: 'call_1',
    sequence: at + 1,
    type,
    data: `{"n":${at}}`,
  }))
  return {
    created: [{ key: 'k1', callIds: ['call_1', 'call_1'] }],
    calls: [
      {
        id: 'call_1',
        phoneNumber: '+12025550113',
        status: 'completed',
        lastSequence: 4,
        isStarted: true,
        isEnded: true,
        isCompleted: true,
        carrierCallId: 'CA1',
      },
    ],
    events,
    deliveries: events.map(({ id, sequence }) => ({
      eventId: id,
      status: 'delivered',
      firstStartedMs: sequence * 1000,
      succeededMs: sequence * 1000 + 30,
    })),
    received: events.map(({ id, callId, sequence, type, data }) => ({
      atMs: sequence * 1000 + 10,
      body: `{"event":"${type}","call_id":"${callId}","timestamp":1,"data":${data},"id":"${id}","sequence":${sequence}}`,
    })),
    carrierCalls: [{ number: '+12025550113', sid: 'CA1', isLive: false }],
  }
}

test('a good run has no violations, repeats before the success included', () => {
  const facts = goodFacts()
  expect(checkFacts(facts)).toEqual([])
  facts.received.push({ ...facts.received[1]!, atMs: 2020 })
  expect(checkFacts(facts)).toEqual([])
})

describe('finds', () => {
  const cases: [title: string, spoil: (facts: Facts) => void, finding: RegExp][] = [
    ['a key with two calls', (facts) => facts.created[0]!.callIds.push('call_2'), /stands for 2 calls/],
    [
      'a promised call that does not exist',
      (facts) => facts.created.push({ key: 'k2', callIds: ['call_9'] }),
      /does not exist/,
    ],
    [
      'a call nobody asked for',
      (facts) => facts.calls.push({ ...facts.calls[0]!, id: 'call_2' }),
      /nobody was told/,
    ],
    [
      'a call that never completed',
      (facts) => Object.assign(facts.calls[0]!, { isCompleted: false }),
      /never completed/,
    ],
    [
      'an event without its state change',
      (facts) => Object.assign(facts.calls[0]!, { isStarted: false }),
      /1 × call\.started instead of 0/,
    ],
    [
      'a second call.completed',
      (facts) => facts.events.push({ ...facts.events[3]!, id: 'evt_5', sequence: 5 }),
      /2 × call\.completed/,
    ],
    [
      'a gap in the numbers',
      (facts) => Object.assign(facts.events[3]!, { sequence: 5 }),
      /sequence 1 2 3 5 of 4/,
    ],
    ['a lost event', (facts) => facts.received.splice(1, 1), /call\.started evt_2 was lost/],
    [
      'a delivery that was never written',
      (facts) => {
        facts.received.splice(1, 1)
        facts.deliveries.splice(1, 1)
      },
      /evt_2 was lost \(no delivery\)/,
    ],
    [
      'a delivery that did not finish',
      (facts) => Object.assign(facts.deliveries[0]!, { status: 'pending' }),
      /still pending/,
    ],
    [
      'an invented event',
      (facts) =>
        facts.received.push({ atMs: 1, body: facts.received[0]!.body.replace('evt_1', 'evt_phantom') }),
      /evt_phantom arrived and was never written/,
    ],
    [
      'a copy with another body',
      (facts) => facts.received.push({ atMs: 1011, body: facts.received[0]!.body.replace('{"n":0}', '{}') }),
      /something else in it/,
    ],
    [
      'first attempts out of order',
      (facts) => Object.assign(facts.received[1]!, { atMs: 900 }),
      /call\.started evt_2 came before call\.queued evt_1/,
    ],
    [
      'a delivery after its recorded success',
      (facts) => facts.received.push({ ...facts.received[3]!, atMs: 9000 }),
      /evt_4 came again/,
    ],
    [
      'a phone that rang twice',
      (facts) => facts.carrierCalls.push({ number: '+12025550113', sid: 'CA2', isLive: false }),
      /called 2 times for 1 calls/,
    ],
    [
      'a line left open',
      (facts) => Object.assign(facts.carrierCalls[0]!, { isLive: true }),
      /CA1 is still live/,
    ],
  ]
  test.each(cases)('%s', (_, spoil, finding) => {
    const facts = goodFacts()
    spoil(facts)
    expect(checkFacts(facts).join('\n')).toMatch(finding)
  })
})

test('an event may overtake one whose first attempt has had its fifteen seconds', () => {
  const facts = goodFacts()
  const overtakenBy = (arrivedMs: number): string => {
    // The worker died with the first attempt of event 2; it arrived only later.
    Object.assign(facts.deliveries[1]!, { firstStartedMs: 2000, succeededMs: 30_000 })
    Object.assign(facts.received[1]!, { atMs: 29_000 })
    Object.assign(facts.deliveries[2]!, { succeededMs: arrivedMs })
    Object.assign(facts.received[2]!, { atMs: arrivedMs })
    return checkFacts(facts).join()
  }
  expect(overtakenBy(17_010)).not.toContain('came before call.started')
  expect(overtakenBy(16_900)).toContain('call.ended evt_3 came before call.started evt_2')
})
