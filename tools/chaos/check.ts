/**
 * The offline check of a run: nothing lost, nothing invented, nothing twice, everything in order. Pure; each rule is one function and says in words
 * what it found.
 */
import type { EventFact, Facts, Received } from './facts.ts'

/** The next event of a call need not wait longer for the first attempt of the one before. */
const ORDER_WAIT_MS = 15_000
/** The receiver's clock is ours, but an answer takes its time to be written down. */
const CLOCK_SLACK_MS = 50

const RULES: readonly ((facts: Index) => string[])[] = [
  oneCallPerKey,
  lifeMatchesEvents,
  everyEventIsDelivered,
  nothingIsInvented,
  firstArrivalsInOrder,
  nothingAfterSuccess,
  phonesRangOnce,
]

/** One line per violation; none when all promises were kept. */
export function checkFacts(facts: Facts): string[] {
  const index = toIndex(facts)
  return RULES.flatMap((rule) => rule(index))
}

interface Arrival {
  atMs: number
  body: Body
}

interface Body {
  event: string
  call_id: string
  data: unknown
  id: string
  sequence: number
}

interface Index extends Facts {
  eventsOf: Map<string, EventFact[]>
  /** By event id, in order of arrival. */
  arrivals: Map<string, Arrival[]>
}

function toIndex(facts: Facts): Index {
  const eventsOf = groupBy(facts.events, (event) => event.callId)
  for (const events of eventsOf.values()) events.sort((one, other) => one.sequence - other.sequence)
  const arrived = facts.received.map(toArrival).toSorted((one, other) => one.atMs - other.atMs)
  return { ...facts, eventsOf, arrivals: groupBy(arrived, (arrival) => arrival.body.id) }
}

const toArrival = ({ atMs, body }: Received): Arrival => ({ atMs, body: JSON.parse(body) as Body })

function oneCallPerKey({ created, calls }: Index): string[] {
  const known = new Set(calls.map((call) => call.id))
  const told = new Set(created.flatMap((one) => one.callIds))
  return [
    ...created
      .filter((one) => new Set(one.callIds).size !== 1)
      .map((one) => `key ${one.key} stands for ${new Set(one.callIds).size} calls`),
    ...[...told].filter((id) => !known.has(id)).map((id) => `call ${id} was promised and does not exist`),
    ...calls.filter((call) => !told.has(call.id)).map((call) => `call ${call.id} exists and nobody was told`),
  ]
}

/** An event exists if and only if its state change does; numbers have no gaps; the end comes once and last. */
function lifeMatchesEvents({ calls, eventsOf }: Index): string[] {
  return calls.flatMap((call) => {
    const events = eventsOf.get(call.id) ?? []
    const count = (type: string): number => events.filter((event) => event.type === type).length
    const expected: [string, number][] = [
      ['call.queued', 1],
      ['call.started', Number(call.isStarted)],
      ['call.ended', Number(call.isEnded)],
      ['call.completed', Number(call.isCompleted)],
    ]
    const problems = expected
      .filter(([type, times]) => count(type) !== times)
      .map(([type, times]) => `${count(type)} × ${type} instead of ${times}`)
    if (!call.isCompleted) problems.push(`never completed, ${call.status}`)
    if (events.length !== call.lastSequence || events.some((event, at) => event.sequence !== at + 1))
      problems.push(`sequence ${events.map((event) => event.sequence).join(' ')} of ${call.lastSequence}`)
    if (call.isCompleted && events.at(-1)?.type !== 'call.completed')
      problems.push(`${events.at(-1)?.type} after call.completed`)
    return problems.map((problem) => `call ${call.id}: ${problem}`)
  })
}

/** Looked at from the events, not the deliveries: a delivery that was never written is lost too. */
function everyEventIsDelivered({ events, deliveries, arrivals }: Index): string[] {
  const statusOf = new Map(deliveries.map((delivery) => [delivery.eventId, delivery.status]))
  return events.flatMap((event) => {
    const name = `${event.type} ${event.id}`
    if (!arrivals.has(event.id)) return [`${name} was lost (${statusOf.get(event.id) ?? 'no delivery'})`]
    return statusOf.get(event.id) === 'delivered' ? [] : [`${name} is still ${statusOf.get(event.id)}`]
  })
}

function nothingIsInvented({ events, arrivals }: Index): string[] {
  const written = new Map(events.map((event) => [event.id, event]))
  return [...arrivals].flatMap(([id, copies]) => {
    const event = written.get(id)
    if (!event) return [`${id} arrived and was never written`]
    const isSame = ({ body }: Arrival): boolean =>
      body.event === event.type &&
      body.call_id === event.callId &&
      body.sequence === event.sequence &&
      JSON.stringify(body.data) === event.data
    return copies.every(isSame) ? [] : [`${id} arrived with something else in it`]
  })
}

/** By the receiver's clock. An event may overtake the one before it only when that one's first attempt has had its time. */
function firstArrivalsInOrder({ eventsOf, arrivals, deliveries }: Index): string[] {
  const firstStarted = new Map(deliveries.map((delivery) => [delivery.eventId, delivery.firstStartedMs]))
  return [...eventsOf.values()].flatMap((events) =>
    events.slice(1).flatMap((event, at) => {
      const before = events[at]
      const arrivedMs = arrivals.get(event.id)?.[0]?.atMs
      const beforeMs = before && arrivals.get(before.id)?.[0]?.atMs
      if (!before || arrivedMs === undefined || beforeMs === undefined || beforeMs <= arrivedMs) return []
      const begunMs = firstStarted.get(before.id) ?? Number.POSITIVE_INFINITY
      const isAllowed = arrivedMs - begunMs >= ORDER_WAIT_MS - CLOCK_SLACK_MS
      return isAllowed ? [] : [`${event.type} ${event.id} came before ${before.type} ${before.id}`]
    }),
  )
}

function nothingAfterSuccess({ deliveries, arrivals }: Index): string[] {
  return deliveries.flatMap(({ eventId, succeededMs }) => {
    const last = arrivals.get(eventId)?.at(-1)
    if (succeededMs === null || !last || last.atMs <= succeededMs + CLOCK_SLACK_MS) return []
    return [`${eventId} came again ${last.atMs - succeededMs} ms after its success was recorded`]
  })
}

/** Every call of ours is at most one call at the carrier, and none is left open there. */
function phonesRangOnce({ calls, carrierCalls }: Index): string[] {
  const ours = groupBy(calls, (call) => call.phoneNumber)
  const theirs = groupBy(carrierCalls, (call) => call.number)
  return [
    ...[...theirs]
      .map(([number, placed]) => ({ number, placed: placed.length, wanted: ours.get(number)?.length ?? 0 }))
      .filter(({ placed, wanted }) => placed > wanted)
      .map(({ number, placed, wanted }) => `${number} was called ${placed} times for ${wanted} calls`),
    ...carrierCalls.filter((call) => call.isLive).map((call) => `carrier call ${call.sid} is still live`),
  ]
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}
