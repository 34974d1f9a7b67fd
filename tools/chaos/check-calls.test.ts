/** Each promise is broken once, and the check must say so: a check that finds nothing proves nothing. */
import { describe, expect, test } from 'vitest'
import { checkCalls } from './check-calls.ts'
import type { CallsFacts } from './facts.ts'

/** One answered call, as it should be. */
function goodFacts(): CallsFacts {
  return {
    created: [{ key: 'k1', callIds: ['call_1', 'call_1'] }],
    calls: [
      {
        id: 'call_1',
        phoneNumber: '+12025550113',
        status: 'completed',
        isStarted: true,
        isEnded: true,
        isCompleted: true,
      },
    ],
    events: ['call.queued', 'call.started', 'call.ended', 'call.completed'].map((type) => ({
      callId: 'call_1',
      type,
    })),
    carrierCalls: [{ number: '+12025550113', sid: 'CA1', isLive: false }],
  }
}

test('a good run has no violations, nor has one whose call never reached the carrier', () => {
  const facts = goodFacts()
  expect(checkCalls(facts)).toEqual([])
  facts.carrierCalls = []
  expect(checkCalls(facts)).toEqual([])
})

describe('finds', () => {
  const cases: [title: string, spoil: (facts: CallsFacts) => void, finding: RegExp][] = [
    ['a key with two calls', (facts) => facts.created[0]!.callIds.push('call_2'), /stands for 2 calls/],
    [
      'a promised call that does not exist',
      (facts) => facts.created.push({ key: 'k2', callIds: ['call_9'] }),
      /call_9 was promised and does not exist/,
    ],
    [
      'a call nobody asked for',
      (facts) => facts.calls.push({ ...facts.calls[0]!, id: 'call_2' }),
      /call_2 exists and nobody was told/,
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
      'a state change without its event',
      (facts) => facts.events.splice(2, 1),
      /0 × call\.ended instead of 1/,
    ],
    [
      'a second call.completed',
      (facts) => facts.events.push(facts.events[3]!),
      /2 × call\.completed instead of 1/,
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
    expect(checkCalls(facts).join('\n')).toMatch(finding)
  })
})
