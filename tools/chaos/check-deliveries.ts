/**
 * Judges a run of the product afterwards, from two witnesses that cannot agree by accident: the database, and what receivers wrote down. Pure, so
 * that it can be shown to find each violation. What it holds against the run:
 *
 * - events are numbered 1, 2, 3 … per call, and a completed call has exactly one `call.completed`, its last event;
 * - every event has one delivery for every receiver that asked for it, and no other;
 * - what arrived is an event that exists, byte for byte, at a receiver it was meant for;
 * - what counts as delivered was received; what has ended was tried; in a settled run nothing is left;
 * - within a call the first attempts to a receiver follow the order of the events. An attempt begins with its request: a worker notes the time of a
 *   claim before the statement runs, and what the statement then finds may have been written while it waited for a connection;
 * - a second request for an event has the same id, and none comes after a recorded success except by replay.
 */
import type { CallFact, DeliveryFact, DeliveryFacts, EventFact } from './delivery-facts.ts'
import { groupBy } from './group-by.ts'
import type { Receipt } from './receipts.ts'

export type ViolationKind =
  | 'sequence-gap'
  | 'completion-missing'
  | 'completion-repeated'
  | 'delivery-missing'
  | 'delivery-repeated'
  | 'delivery-unwanted'
  | 'delivery-lost'
  | 'delivery-unsettled'
  | 'phantom-event'
  | 'changed-event'
  | 'duplicate-id'
  | 'first-attempt-order'
  | 'sent-after-success'
  | 'attempt-without-receipt'

export interface Violation {
  kind: ViolationKind
  /** What it was found at, by ids. */
  detail: string
}

export interface CheckOptions {
  /** The run was given time to finish everything: nothing may be left to do, and every call must be completed. Default false. */
  isSettled?: boolean
}

/** How long a first attempt may keep the next event of its call waiting. */
const BLOCKS_MS = 15_000
/** The two witnesses may round times to whole milliseconds. */
const ROUNDING_MS = 2

/** Everything that is wrong; empty: the run kept its promises. */
export function checkDeliveries(
  facts: DeliveryFacts,
  receipts: readonly Receipt[],
  options: CheckOptions = {},
): Violation[] {
  const isSettled = options.isSettled ?? false
  const received = receipts.map(toReceived)
  const byDelivery = groupBy(received, ({ url, id }) => `${id} ${url}`)
  const ofDelivery = (delivery: DeliveryFact): Received[] =>
    (byDelivery.get(`${delivery.eventId} ${delivery.url}`) ?? []).toSorted((a, b) => a.atMs - b.atMs)
  return [
    ...checkNumbers(facts, isSettled),
    ...checkReceivers(facts),
    ...checkReceived(facts, received),
    ...facts.deliveries.flatMap((delivery) => checkDelivery(delivery, ofDelivery(delivery), isSettled)),
    ...checkOrder(facts.deliveries, ofDelivery),
  ]
}

interface Received {
  id: string
  callId: string | null
  sequence: number | null
  url: string
  body: string
  atMs: number
  isSuccess: boolean
  status: number | null
}

function toReceived(receipt: Receipt): Received {
  const event = JSON.parse(receipt.body) as { id: string; call_id: string | null; sequence: number | null }
  return {
    id: event.id,
    callId: event.call_id,
    sequence: event.sequence,
    url: receipt.url,
    body: receipt.body,
    atMs: receipt.received_at_ms,
    isSuccess: isSuccess(receipt.status),
    status: receipt.status,
  }
}

function checkNumbers({ calls, events }: DeliveryFacts, isSettled: boolean): Violation[] {
  const byCall = groupBy(events, (event) => event.callId)
  return calls.flatMap((call) => {
    const ordered = (byCall.get(call.id) ?? []).toSorted((a, b) => a.sequence - b.sequence)
    const violations: Violation[] = []
    const isGapless = ordered.every((event, index) => event.sequence === index + 1)
    if (!isGapless || ordered.length !== call.lastSequence) violations.push(found('sequence-gap', call.id))
    const completions = ordered.filter((event) => event.type === 'call.completed')
    const completion = completions.at(-1)
    if (completions.length > 1) violations.push(found('completion-repeated', call.id))
    if (completion ? completion !== ordered.at(-1) || !call.isCompleted : call.isCompleted || isSettled)
      violations.push(found('completion-missing', call.id))
    return violations
  })
}

function checkReceivers({ calls, events, endpoints, deliveries }: DeliveryFacts): Violation[] {
  const callsById = new Map(calls.map((call) => [call.id, call]))
  const existing = groupBy(deliveries, (delivery) => delivery.eventId)
  const endpointIds = new Set(endpoints.map((endpoint) => endpoint.id))
  const byOwner = groupBy(
    endpoints.filter((endpoint) => endpoint.isUnchanged),
    (endpoint) => `${endpoint.organizationId} ${endpoint.mode}`,
  )
  const missing = events.flatMap((event) => {
    const call = event.callId === null ? undefined : callsById.get(event.callId)
    if (!call) return []
    const unchanged = (byOwner.get(`${call.organizationId} ${call.mode}`) ?? [])
      .filter((endpoint) => endpoint.createdAtMs < event.occurredAtMs && endpoint.events.includes(event.type))
      .map((endpoint) => endpoint.id)
    const own = wantsOwn(call, event) ? [targetOf(call.webhookUrl)] : []
    const targets = (existing.get(event.id) ?? []).map((delivery) => delivery.target)
    return [...own, ...unchanged].flatMap((target) => {
      const count = targets.filter((other) => other === target).length
      if (count === 1) return []
      return [found(count === 0 ? 'delivery-missing' : 'delivery-repeated', event.id, target)]
    })
  })
  const eventsById = new Map(events.map((event) => [event.id, event]))
  const unwanted = deliveries.filter((delivery) => {
    const event = eventsById.get(delivery.eventId)
    if (!event || event.callId !== delivery.callId || event.sequence !== delivery.sequence) return true
    if (delivery.endpointId !== null) return !endpointIds.has(delivery.endpointId)
    const call = callsById.get(delivery.callId ?? '')
    return !call || !wantsOwn(call, event) || delivery.url !== call.webhookUrl
  })
  return [...missing, ...unwanted.map((delivery) => found('delivery-unwanted', delivery.id))]
}

function wantsOwn(call: CallFact, event: EventFact): call is CallFact & { webhookUrl: string } {
  return call.webhookUrl !== null && call.webhookEvents.includes(event.type)
}

function targetOf(url: string): string {
  return url.split('?', 1)[0] ?? ''
}

function checkReceived({ events, deliveries }: DeliveryFacts, received: readonly Received[]): Violation[] {
  const eventsById = new Map(events.map((event) => [event.id, event]))
  const meant = new Set(deliveries.map((delivery) => `${delivery.eventId} ${delivery.url}`))
  const idsByNumber = groupBy(
    received.filter((each) => each.callId !== null),
    ({ callId, sequence }) => `${callId} ${sequence}`,
  )
  const doubles = [...idsByNumber].filter(([, same]) => new Set(same.map(({ id }) => id)).size > 1)
  return [
    ...received.flatMap((each) => {
      const event = eventsById.get(each.id)
      if (!event || !meant.has(`${each.id} ${each.url}`)) return [found('phantom-event', each.id, each.url)]
      return event.body === each.body ? [] : [found('changed-event', each.id, each.url)]
    }),
    ...doubles.map(([number]) => found('duplicate-id', number)),
  ]
}

function checkDelivery(
  delivery: DeliveryFact,
  received: readonly Received[],
  isSettled: boolean,
): Violation[] {
  const violations: Violation[] = []
  const wasNeverMeant =
    delivery.failedReason === 'endpoint_disabled' || delivery.failedReason === 'endpoint_deleted'
  if (delivery.status === 'delivered' && !received.some((each) => each.isSuccess))
    violations.push(found('delivery-lost', delivery.id, 'recorded as delivered, never received'))
  if (delivery.status === 'failed' && delivery.attempts.length === 0 && !wasNeverMeant)
    violations.push(found('delivery-lost', delivery.id, 'given up without an attempt'))
  if (delivery.status === 'pending' && delivery.nextAtMs === null)
    violations.push(found('delivery-lost', delivery.id, 'pending, but never due'))
  if (isSettled && delivery.status === 'pending') violations.push(found('delivery-unsettled', delivery.id))

  const successAtMs = Math.min(
    ...delivery.attempts.filter((attempt) => isSuccess(attempt.status)).map((attempt) => attempt.endedAtMs),
  )
  const late = received.filter((each) => each.atMs > successAtMs + ROUNDING_MS)
  // A worker that dies in the middle of a request leaves its bytes in the network: a busy receiver may read them after its successor's success.
  const orphans = Math.max(0, delivery.claims - delivery.attempts.length)
  if (delivery.replays === 0 && late.length > orphans)
    violations.push(found('sent-after-success', delivery.id))

  const statuses = groupBy(delivery.attempts, (attempt) => attempt.status)
  for (const [status, attempts] of statuses) {
    if (status === null) continue
    if (received.filter((each) => each.status === status).length < attempts.length)
      violations.push(found('attempt-without-receipt', delivery.id, String(status)))
  }
  return violations
}

function checkOrder(
  deliveries: readonly DeliveryFact[],
  receivedOf: (delivery: DeliveryFact) => readonly Received[],
): Violation[] {
  const lines = groupBy(
    deliveries.filter((delivery) => delivery.callId !== null),
    (delivery) => `${delivery.callId} ${delivery.target}`,
  )
  return [...lines.values()].flatMap((line) => {
    const ordered = line.toSorted((a, b) => a.sequence - b.sequence)
    return ordered.slice(1).flatMap((delivery, index) => {
      const before = ordered[index] as DeliveryFact
      const startedAtMs = Math.min(
        ...delivery.attempts.map((attempt) => attempt.startedAtMs),
        receivedOf(delivery)[0]?.atMs ?? Infinity,
      )
      return startedAtMs === Infinity || mayFollow(before, startedAtMs)
        ? []
        : [found('first-attempt-order', before.id, delivery.id)]
    })
  })
}

/** The one before must have had its first attempt, or its fifteen seconds. Given up unsent, it had no attempt to wait for. */
function mayFollow(before: DeliveryFact, startedAtMs: number): boolean {
  const { firstEndedAtMs, firstStartedAtMs } = before
  if (firstEndedAtMs !== null && firstEndedAtMs <= startedAtMs + ROUNDING_MS) return true
  return firstStartedAtMs !== null && firstStartedAtMs + BLOCKS_MS <= startedAtMs + ROUNDING_MS
}

function isSuccess(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300
}

function found(kind: ViolationKind, ...detail: string[]): Violation {
  return { kind, detail: detail.join(' ') }
}
