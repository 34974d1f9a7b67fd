import { isId, NotFound } from '@phonevoice/base'
import type { DeliveryResource, WebhookEventType } from '@phonevoice/contracts'
import type { Mode, ServiceContext } from '../context.ts'
import { decodeCursor, type Page, type PageRequest, rowsWanted, toPage } from '../pages/cursor.ts'

export interface ListDeliveriesInput {
  organizationId: string
  callId: string
  /** Only deliveries of events numbered above this; for the next page the `sequence` of the last one. */
  afterSequence?: number
  limit: number
}

/**
 * Deliveries of a call in the order of its events, each with its attempts. An event has one delivery for each receiver; a few more than `limit` may
 * come, so that the last event's are complete. Empty for a call of another organization.
 */
export function listDeliveries(ctx: ServiceContext, input: ListDeliveriesInput): Promise<DeliveryResource[]> {
  const { sql } = ctx.db
  return readDeliveries(
    ctx,
    sql`d.call_id = ${input.callId} and d.organization_id = ${input.organizationId} and d.sequence > ${input.afterSequence ?? 0}
      order by d.sequence fetch first (${input.limit}) rows with ties`,
    sql`d.sequence, d.id`,
  )
}

export interface FindDeliveriesInput extends PageRequest {
  organizationId: string
  mode: Mode
  endpointId?: string | undefined
  callId?: string | undefined
  status?: DeliveryResource['status'] | undefined
  /** Created at this time or later. */
  since?: Date | undefined
}

/** An organization's deliveries of one mode, newest first, each with its attempts. Throws `invalid_cursor`. */
export async function findDeliveries(
  ctx: ServiceContext,
  input: FindDeliveriesInput,
): Promise<Page<DeliveryResource>> {
  const { sql } = ctx.db
  const { endpointId, callId, status, since, cursor } = input
  const position = cursor === undefined ? null : decodeCursor(cursor)
  const deliveries = await readDeliveries(
    ctx,
    sql`d.organization_id = ${input.organizationId} and d.mode = ${input.mode}
      ${endpointId === undefined ? sql`` : sql`and d.endpoint_id = ${endpointId}`}
      ${callId === undefined ? sql`` : sql`and d.call_id = ${callId}`}
      ${status === undefined ? sql`` : sql`and d.status = ${status} ${status === 'delivered' ? sql`` : sql`and d.status <> 'delivered'`}`}
      ${since === undefined ? sql`` : sql`and d.created_at >= ${since}`}
      ${position === null ? sql`` : sql`and (d.created_at, d.id) < (${position.createdAt}, ${position.id})`}
      order by d.created_at desc, d.id desc limit ${rowsWanted(input)}`,
    sql`d.created_at desc, d.id desc`,
  )
  return toPage(
    input,
    deliveries,
    (delivery) => ({ createdAt: new Date(delivery.created_at), id: delivery.id }),
    (delivery) => delivery,
  )
}

/** One delivery with its attempts; null when there is none in this organization and mode. */
export async function getDelivery(ctx: ServiceContext, input: DeliveryKey): Promise<DeliveryResource | null> {
  const { sql } = ctx.db
  if (!isId('delivery', input.deliveryId)) return null
  const [delivery] = await readDeliveries(
    ctx,
    sql`d.id = ${input.deliveryId} and d.organization_id = ${input.organizationId} and d.mode = ${input.mode}`,
    sql`d.id`,
  )
  return delivery ?? null
}

/** Throws `not_found`. */
export async function requireDelivery(ctx: ServiceContext, input: DeliveryKey): Promise<DeliveryResource> {
  const delivery = await getDelivery(ctx, input)
  if (!delivery) throw deliveryNotFound()
  return delivery
}

export function deliveryNotFound(): NotFound {
  return new NotFound('not_found', 'There is no such delivery: list yours with GET /v1/deliveries.')
}

/** Names one delivery; a key of the other mode does not see it. */
export interface DeliveryKey {
  organizationId: string
  mode: Mode
  deliveryId: string
}

type Fragment = ReturnType<ServiceContext['db']['sql']>

async function readDeliveries(
  ctx: ServiceContext,
  which: Fragment,
  order: Fragment,
): Promise<DeliveryResource[]> {
  const rows = await ctx.db.sql<ReadRow[]>`
    select d.id, d.event_id, coalesce(e.type, n.type) as type, d.call_id, d.sequence, d.endpoint_id, d.url, d.status, d.failed_reason,
      d.replays, d.next_at, d.created_at, d.delivered_at,
      a.number, a.started_at, a.duration_ms, a.response_status, a.response_excerpt, a.error
    from (select d.* from deliveries d where ${which}) d
    left join call_events e on e.id = d.event_id
    left join endpoint_events n on n.id = d.event_id
    left join delivery_attempts a on a.delivery_id = d.id
    order by ${order}, a.number`
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
  type: WebhookEventType
  call_id: string | null
  sequence: number
  endpoint_id: string | null
  url: string
  status: DeliveryResource['status']
  failed_reason: DeliveryResource['failed_reason']
  replays: number
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
    call_id: row.call_id,
    sequence: row.call_id === null ? null : row.sequence,
    endpoint_id: row.endpoint_id,
    url: row.url,
    status: row.status,
    failed_reason: row.failed_reason,
    replays: row.replays,
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
