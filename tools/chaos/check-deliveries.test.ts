/** Goal: the checker finds each kind of violation and nothing in a good run. Method: a good run as data, and one thing changed in it at a time. */
import { renderEvent } from '@phonevoice/contracts'
import { describe, expect, test } from 'vitest'
import { checkDeliveries, type ViolationKind } from './check-deliveries.ts'
import type { DeliveryFact, DeliveryFacts, EventFact } from './delivery-facts.ts'
import { parseReceipts, type Receipt } from './receipts.ts'

const OWN = 'https://own.example/hook?call=1'
const ENDPOINT = 'https://endpoint.example/hook'
const TYPES = ['call.started', 'transcription', 'call.completed'] as const

interface Run {
  facts: DeliveryFacts
  receipts: Receipt[]
}

/**
 * One completed call of three events, delivered to its own URL and to an endpoint, each attempt 100 ms long and one second after the last. The second
 * event failed once at the endpoint, after which the third was tried before the retry, as it may.
 */
function goodRun(): Run {
  const events = TYPES.map((type, index): EventFact => {
    const event = {
      id: `evt_${index + 1}`,
      callId: 'call_1',
      sequence: index + 1,
      type,
      occurredAtMs: 1000 * index,
    }
    return { ...event, body: renderEvent({ ...event, data: '{"a":1}' }) }
  })
  const deliveries = events.flatMap((event) => [
    deliveryOf(event, OWN, null),
    deliveryOf(event, ENDPOINT, 'endp_1'),
  ])
  const run: Run = {
    facts: {
      calls: [
        {
          id: 'call_1',
          organizationId: 'org_1',
          mode: 'test',
          webhookUrl: OWN,
          webhookEvents: [...TYPES],
          lastSequence: 3,
          isCompleted: true,
        },
      ],
      events,
      endpoints: [
        {
          id: 'endp_1',
          organizationId: 'org_1',
          mode: 'test',
          events: [...TYPES],
          createdAtMs: -1,
          isUnchanged: true,
        },
      ],
      deliveries,
    },
    receipts: [],
  }
  for (const delivery of deliveries) attempt(run, delivery, 10_000 + 1000 * delivery.sequence, 204)
  const retried = deliveryAt(run, 2, ENDPOINT)
  retried.attempts[0]!.status = 500
  run.receipts.find(({ url, body }) => url === ENDPOINT && body.includes('evt_2'))!.status = 500
  attempt(run, retried, 20_000, 204)
  return run
}

function deliveryOf(event: EventFact, url: string, endpointId: string | null): DeliveryFact {
  return {
    id: `dlv_${event.sequence}_${endpointId ?? 'own'}`,
    eventId: event.id,
    callId: 'call_1',
    sequence: event.sequence,
    endpointId,
    target: endpointId ?? 'https://own.example/hook',
    url,
    status: 'delivered',
    failedReason: null,
    replays: 0,
    claims: 0,
    firstStartedAtMs: null,
    firstEndedAtMs: null,
    nextAtMs: null,
    attempts: [],
  }
}

/** An attempt that both witnesses saw. */
function attempt(run: Run, delivery: DeliveryFact, startedAtMs: number, status: number): void {
  delivery.attempts.push({ startedAtMs, endedAtMs: startedAtMs + 100, status })
  delivery.firstStartedAtMs ??= startedAtMs
  delivery.firstEndedAtMs ??= startedAtMs + 100
  receive(run, delivery, startedAtMs + 50, status)
}

function receive(run: Run, delivery: DeliveryFact, atMs: number, status: number | null): void {
  const body = run.facts.events.find((event) => event.id === delivery.eventId)!.body
  run.receipts.push({ received_at_ms: atMs, url: delivery.url, body, status })
}

function deliveryAt(run: Run, sequence: number, url = OWN): DeliveryFact {
  return run.facts.deliveries.find((delivery) => delivery.sequence === sequence && delivery.url === url)!
}

function receiptOf(run: Run, delivery: DeliveryFact): Receipt {
  return run.receipts.find(({ url, body }) => url === delivery.url && body.includes(delivery.eventId))!
}

function remove<T>(list: T[], item: T | undefined): void {
  list.splice(list.indexOf(item as T), 1)
}

const kindsOf = (run: Run, isSettled = true): ViolationKind[] =>
  checkDeliveries(run.facts, run.receipts, { isSettled }).map((violation) => violation.kind)

describe('a good run', () => {
  test('has no violation', () => {
    expect(kindsOf(goodRun())).toEqual([])
  })

  test('may have a double when a worker died between the answer and its record', () => {
    const run = goodRun()
    const delivery = deliveryAt(run, 3)
    // Received, never recorded; another worker took over after the lease.
    receive(run, delivery, delivery.firstStartedAtMs! - 500, 204)
    delivery.firstStartedAtMs! -= 600
    expect(kindsOf(run)).toEqual([])
  })

  test('may have a third event tried while the second’s first attempt takes longer than fifteen seconds', () => {
    const run = goodRun()
    const [slow, third] = [deliveryAt(run, 2), deliveryAt(run, 3)]
    slow.firstEndedAtMs = 99_000
    remove(run.receipts, receiptOf(run, third))
    Object.assign(third, { attempts: [], firstStartedAtMs: null })
    attempt(run, third, slow.firstStartedAtMs! + 15_000, 204)
    expect(kindsOf(run)).toEqual([])
  })

  test('may have replays after a success', () => {
    const run = goodRun()
    const delivery = deliveryAt(run, 1)
    delivery.replays = 1
    attempt(run, delivery, 90_000, 200)
    expect(kindsOf(run)).toEqual([])
  })

  test('may have given up what a disabled endpoint was to receive', () => {
    const run = goodRun()
    const delivery = deliveryAt(run, 3, ENDPOINT)
    remove(run.receipts, receiptOf(run, delivery))
    Object.assign(delivery, {
      status: 'failed',
      failedReason: 'endpoint_disabled',
      attempts: [],
      firstStartedAtMs: null,
    })
    expect(kindsOf(run)).toEqual([])
  })

  test('may be unfinished when it was not given the time', () => {
    const run = goodRun()
    Object.assign(deliveryAt(run, 3), { status: 'pending', nextAtMs: 99_000 })
    expect(kindsOf(run, false)).toEqual([])
    expect(kindsOf(run, true)).toEqual(['delivery-unsettled'])
  })
})

/** What was changed, and everything that must be found then. */
const BROKEN: [what: string, found: ViolationKind[], change: (run: Run) => void][] = [
  [
    'an event is missing in the middle',
    [
      'sequence-gap',
      'delivery-unwanted',
      'delivery-unwanted',
      'phantom-event',
      'phantom-event',
      'phantom-event',
    ],
    (run) => remove(run.facts.events, run.facts.events[1]),
  ],
  [
    'the call’s counter is ahead of its events',
    ['sequence-gap'],
    (run) => {
      run.facts.calls[0]!.lastSequence = 4
    },
  ],
  [
    'the call was completed twice',
    ['completion-repeated', 'changed-event', 'changed-event', 'changed-event'],
    (run) => {
      const event = run.facts.events[1]!
      event.type = 'call.completed'
      event.body = event.body.replace('transcription', 'call.completed')
    },
  ],
  [
    'the call says it is not completed',
    ['completion-missing'],
    (run) => {
      run.facts.calls[0]!.isCompleted = false
    },
  ],
  [
    'an event has no delivery to the call’s own URL',
    ['delivery-missing', 'phantom-event'],
    (run) => remove(run.facts.deliveries, deliveryAt(run, 1)),
  ],
  [
    'an event has no delivery to an endpoint that asked for it',
    ['delivery-missing', 'phantom-event'],
    (run) => remove(run.facts.deliveries, deliveryAt(run, 1, ENDPOINT)),
  ],
  [
    'an event has two deliveries to one receiver',
    ['delivery-repeated', 'first-attempt-order'],
    (run) =>
      void run.facts.deliveries.push({ ...deliveryAt(run, 1), id: 'dlv_twice', firstStartedAtMs: null }),
  ],
  [
    'a type was delivered that the call did not ask for',
    ['delivery-unwanted'],
    (run) => {
      run.facts.calls[0]!.webhookEvents = ['call.started', 'call.completed']
    },
  ],
  [
    'a delivery belongs to no event',
    ['delivery-unwanted', 'delivery-lost'],
    (run) =>
      void run.facts.deliveries.push({
        ...deliveryAt(run, 1),
        id: 'dlv_x',
        eventId: 'evt_x',
        callId: null,
        attempts: [],
      }),
  ],
  [
    'a success was recorded that nobody received',
    ['delivery-lost', 'attempt-without-receipt'],
    (run) =>
      remove(
        run.receipts,
        run.receipts.find(({ body, url }) => body.includes('evt_3') && url === OWN),
      ),
  ],
  [
    'a delivery was given up without an attempt',
    ['delivery-lost'],
    (run) =>
      void Object.assign(deliveryAt(run, 3), {
        status: 'failed',
        failedReason: 'retries_exhausted',
        attempts: [],
      }),
  ],
  [
    'a delivery waits for ever',
    ['delivery-lost', 'delivery-unsettled'],
    (run) => void Object.assign(deliveryAt(run, 3), { status: 'pending', nextAtMs: null }),
  ],
  [
    'an event was received that does not exist',
    ['phantom-event'],
    (run) =>
      void run.receipts.push({
        ...run.receipts[0]!,
        body: run.receipts[0]!.body.replace('evt_1', 'evt_9').replace('call_1', 'call_9'),
      }),
  ],
  [
    'an event was received where it was not meant to be',
    ['phantom-event'],
    (run) => void run.receipts.push({ ...run.receipts[0]!, url: 'https://else.example' }),
  ],
  [
    'an event arrived changed',
    ['changed-event'],
    (run) => {
      run.receipts[0]!.body = run.receipts[0]!.body.replace('{"a":1}', '{"a":2}')
    },
  ],
  [
    'the same number arrived under two ids',
    ['phantom-event', 'duplicate-id'],
    (run) =>
      void run.receipts.push({ ...run.receipts[0]!, body: run.receipts[0]!.body.replace('evt_1', 'evt_9') }),
  ],
  [
    'the second event was tried before the first attempt of the first had ended',
    ['first-attempt-order'],
    (run) => {
      deliveryAt(run, 2).attempts[0]!.startedAtMs = deliveryAt(run, 1).firstEndedAtMs! - 10
    },
  ],
  [
    'the second event was received before the first was begun',
    ['first-attempt-order'],
    (run) => {
      receiptOf(run, deliveryAt(run, 2)).received_at_ms = 5000
    },
  ],
  [
    'the second event was tried although the first never was',
    ['delivery-lost', 'first-attempt-order'],
    (run) =>
      void Object.assign(deliveryAt(run, 1), {
        status: 'failed',
        failedReason: 'retries_exhausted',
        attempts: [],
        firstStartedAtMs: null,
        firstEndedAtMs: null,
      }),
  ],
  [
    'an event came again after its success was recorded',
    ['sent-after-success'],
    (run) => receive(run, deliveryAt(run, 1), 60_000, 204),
  ],
  [
    'an attempt was recorded with an answer nobody gave',
    ['attempt-without-receipt'],
    (run) => {
      const { attempts } = deliveryAt(run, 3)
      attempts.unshift({ ...attempts[0]!, status: 500 })
    },
  ],
]

test('a worker that died in the middle of a request explains one late receipt, and no second one', () => {
  const run = goodRun()
  const delivery = deliveryAt(run, 1)
  delivery.claims = delivery.attempts.length + 1
  receive(run, delivery, 60_000, 204)
  expect(kindsOf(run)).toEqual([])
  receive(run, delivery, 61_000, 204)
  expect(kindsOf(run)).toEqual(['sent-after-success'])
})

test('a claim may be noted before the attempt it waited for, as long as its request came afterwards', () => {
  const run = goodRun()
  deliveryAt(run, 2).firstStartedAtMs = deliveryAt(run, 1).firstEndedAtMs! - 10
  expect(kindsOf(run)).toEqual([])
})

describe('a run is blamed when', () => {
  test.each(BROKEN)('%s', (_what, expected, change) => {
    const run = goodRun()
    change(run)
    expect(kindsOf(run).sort()).toEqual([...expected].sort())
  })

  test('each kind of violation is among these cases', () => {
    const kinds = new Set([...BROKEN.flatMap(([, found]) => found), 'delivery-unsettled'])
    expect(kinds.size).toBe(14)
  })
})

describe('the log', () => {
  const line = JSON.stringify({ received_at_ms: 1, url: OWN, body: '{}', status: null })

  test('may end in a line that was cut', () => {
    expect(parseReceipts(`${line}\n${line}\n{"received_at`)).toHaveLength(2)
    expect(parseReceipts(`${line}\n${line}`)).toHaveLength(2)
    expect(parseReceipts('')).toEqual([])
  })

  test('is refused when another line is damaged', () => {
    expect(() => parseReceipts(`{"received_at\n${line}\n`)).toThrow()
  })
})
