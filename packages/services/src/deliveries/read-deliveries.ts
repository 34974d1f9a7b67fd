import type { DeliveryResource, EventType } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'

export interface ListDeliveriesInput {
  organizationId: string
  callId: string
  /** Only deliveries of events numbered above this; for the next page the `sequence` of the last one. */
  afterSequence?: number
  limit: number
}

/** Deliveries of a call in the order of its events, each with its attempts. Empty for a call of another organization. */
export function listDeliveries(ctx: ServiceContext, input: ListDeliveriesInput): Promise<DeliveryResource[]> {
  const { sql } = ctx.db
  return readDeliveries(
    ctx,
    sql`d.call_id = ${input.callId} and d.organization_id = ${input.organizationId} and d.sequence > ${input.afterSequence ?? 0}`,
    input.limit,
  )
}

/** One delivery with its attempts; null when there is none in this organization and mode. */
export async function getDelivery(
  ctx: ServiceContext,
  input: { organizationId: string; mode: 'test' | 'live'; deliveryId: string },
): Promise<DeliveryResource | null> {
  const { sql } = ctx.db
  const [delivery] = await readDeliveries(
    ctx,
    sql`d.id = ${input.deliveryId} and d.organization_id = ${input.organizationId}
      and exists (select 1 from calls c where c.id = d.call_id and c.mode = ${input.mode})`,
    1,
  )
  return delivery ?? null
}

type Condition = ReturnType<ServiceContext['db']['sql']>

async function readDeliveries(
  ctx: ServiceContext,
  condition: Condition,
  limit: number,
): Promise<DeliveryResource[]> {
  const rows = await ctx.db.sql<ReadRow[]>`
    select d.id, d.event_id, e.type, d.sequence, d.url, d.status, d.next_at, d.created_at, d.delivered_at,
      a.number, a.started_at, a.duration_ms, a.response_status, a.response_excerpt, a.error
    from (select d.* from deliveries d where ${condition} order by d.sequence, d.id limit ${limit}) d
    join call_events e on e.id = d.event_id
    left join delivery_attempts a on a.delivery_id = d.id
    order by d.sequence, d.id, a.number`
  const byId = new Map<string, DeliveryResource>()
  for (const row of rows) {
    const delivery = byId.get(row.id) ?? toDelivery(row)
    byId.set(row.id, delivery)
    if (row.number !== null) delivery.attempts.push(toAttempt(row, row.number))
  }
  return [...byId.values()]
}

interface ReadRow {
  id: string
  event_id: string
  type: EventType
  sequence: number
  url: string
  status: DeliveryResource['status']
  next_at: Date | null
  created_at: Date
  delivered_at: Date | null
  number: number | null
  started_at: Date
  duration_ms: number
  response_status: number | null
  response_excerpt: string | null
  error: string | null
}

function toDelivery(row: ReadRow): DeliveryResource {
  return {
    id: row.id,
    object: 'delivery',
    event_id: row.event_id,
    event: row.type,
    sequence: row.sequence,
    url: row.url,
    status: row.status,
    attempts: [],
    next_attempt_at: row.next_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    delivered_at: row.delivered_at?.toISOString() ?? null,
  }
}

function toAttempt(row: ReadRow, number: number): DeliveryResource['attempts'][number] {
  return {
    number,
    started_at: row.started_at.toISOString(),
    duration_ms: row.duration_ms,
    response_status: row.response_status,
    response_excerpt: row.response_excerpt,
    error: row.error,
  }
}
