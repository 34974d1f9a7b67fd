import type { CallFact, DeliveryFact, EventFact, Facts } from './facts.ts'
import type { ChaosProduct } from './product.ts'

/** Calls that are not completed and deliveries that are not settled. */
export async function countUnfinished({ sql }: ChaosProduct): Promise<number> {
  const [row] = await sql<[{ unfinished: number }]>`
    select ((select count(*) from calls where completed_at is null)
      + (select count(*) from deliveries where status = 'pending'))::int as unfinished`
  return row.unfinished
}

/** Reads what the database has to say. */
export async function gatherFacts(
  product: ChaosProduct,
  others: Pick<Facts, 'created' | 'carrierCalls'>,
): Promise<Facts> {
  const { sql } = product
  const calls = await sql<CallFact[]>`
    select id, phone_number as "phoneNumber", status, last_sequence as "lastSequence", started_at is not null as "isStarted",
      ended_at is not null as "isEnded", completed_at is not null as "isCompleted", carrier_call_id as "carrierCallId"
    from calls`
  const events = await sql<EventFact[]>`
    select id, call_id as "callId", sequence, type, data from call_events`
  const deliveries = await sql<DeliveryFact[]>`
    select d.event_id as "eventId", d.status, (extract(epoch from d.first_started_at) * 1000)::float8 as "firstStartedMs",
      (select min(extract(epoch from a.started_at) * 1000 + a.duration_ms) from delivery_attempts a
        where a.delivery_id = d.id and a.response_status between 200 and 299)::float8 as "succeededMs"
    from deliveries d`
  return { ...others, calls, events, deliveries, received: product.received() }
}
