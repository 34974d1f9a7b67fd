import { expect, test } from 'vitest'
import type { DeliveryFacts } from './delivery-facts.ts'
import { describeViolation } from './describe-violation.ts'

test('a violation is told with the times of its deliveries', () => {
  const facts: DeliveryFacts = {
    calls: [],
    events: [],
    endpoints: [],
    deliveries: [
      {
        id: 'dlv_1',
        eventId: 'evt_1',
        callId: 'call_1',
        sequence: 3,
        endpointId: null,
        target: 'http://a',
        url: 'http://a',
        status: 'delivered',
        failedReason: null,
        replays: 0,
        claims: 0,
        firstStartedAtMs: 10,
        firstEndedAtMs: 40,
        nextAtMs: null,
        attempts: [{ startedAtMs: 10, endedAtMs: 40, status: 200 }],
      },
    ],
  }
  const receipts = [
    { received_at_ms: 30, url: 'http://a', body: '{"id":"evt_1"}', status: 200 },
    { received_at_ms: 99, url: 'http://a', body: '{"id":"evt_10"}', status: 200 },
  ]
  expect(describeViolation({ kind: 'sent-after-success', detail: 'dlv_1' }, facts, receipts)).toBe(
    'sent-after-success: dlv_1 [3: first 10–40; attempts 10–40 200; arrived 30]',
  )
})
