import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { at } from './at.ts'

/** The columns by which any pending work is claimed: due at `nextAt`, held until `leaseUntil` by whoever knows `leaseToken`. */
const claimable = {
  /** Null: nothing more to do. */
  nextAt: at('next_at'),
  leaseUntil: at('lease_until'),
  leaseToken: text('lease_token'),
  /** How often it has been claimed. */
  attempt: integer().notNull().default(0),
}

/** Something to be done for a call. The queue only wakes people up; this row is the truth. */
export const workItems = pgTable(
  'work_items',
  {
    id: text().primaryKey(),
    callId: text('call_id').notNull(),
    /** `dial`: place the call. `finish`: recording, analysis, cost, then `call.completed`. `hang-up`: end a call at the carrier. `erase`: delete content. */
    kind: text({ enum: ['dial', 'finish', 'hang-up', 'erase'] }).notNull(),
    /** For `hang-up`: the carrier's id. For `erase`: `recording`, or empty for everything. Empty otherwise. */
    detail: text().notNull().default(''),
    /** For `dial`: when the carrier was last about to be asked; a retry looks the call up from here on before it dials again. */
    intentAt: at('intent_at'),
    createdAt: at('created_at').notNull(),
    ...claimable,
  },
  (table) => [
    index('work_items_due').on(table.nextAt).where(sql`${table.nextAt} is not null`),
    uniqueIndex('work_items_once').on(table.callId, table.kind, table.detail),
  ],
)

/** One event to one receiver. */
export const deliveries = pgTable(
  'deliveries',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id').notNull(),
    mode: text({ enum: ['test', 'live'] }).notNull(),
    /** Null: the event is about an endpoint and no call. */
    callId: text('call_id'),
    /** In `call_events` or, without a call, in `endpoint_events`; both are written in the same statement as this row. */
    eventId: text('event_id').notNull(),
    /** 0 without a call. */
    sequence: integer().notNull(),
    /** Null: the call's own `webhook_url`. Endpoints are never removed. */
    endpointId: text('endpoint_id'),
    /** Who receives, for order, breaker and uniqueness: the endpoint's id, or the URL up to its query. */
    target: text().notNull(),
    /** Where the next attempt goes; an endpoint's current URL is copied here by each claim. */
    url: text().notNull(),
    status: text({ enum: ['pending', 'delivered', 'failed'] }).notNull(),
    failedReason: text('failed_reason', {
      enum: ['retries_exhausted', 'gone', 'endpoint_disabled', 'endpoint_deleted'],
    }),
    /** How often a user has asked for it again, and when last. */
    replays: integer().notNull().default(0),
    replayedAt: at('replayed_at'),
    /** How many attempts were made before the last replay: the schedule of retries begins anew after them. */
    attemptsBefore: integer('attempts_before').notNull().default(0),
    createdAt: at('created_at').notNull(),
    /** The first attempt, for the order of first attempts within a call. */
    firstStartedAt: at('first_started_at'),
    firstEndedAt: at('first_ended_at'),
    deliveredAt: at('delivered_at'),
    ...claimable,
  },
  (table) => [
    /** What is due at an organization: first attempts (0), which keep the order of their call, apart from what waits for nothing but its time (1). */
    index('deliveries_due')
      .on(
        table.organizationId,
        sql`(case when ${table.firstEndedAt} is null and ${table.callId} is not null then 0 else 1 end)`,
        table.nextAt,
      )
      .where(sql`${table.nextAt} is not null`),
    /** Whose turn it is. */
    index('deliveries_first')
      .on(table.organizationId, table.callId, table.target, table.sequence)
      .where(sql`${table.firstEndedAt} is null and ${table.callId} is not null`),
    index('deliveries_call').on(table.callId, table.sequence),
    uniqueIndex('deliveries_once').on(table.eventId, table.target),
    /** Who has how many in flight; counting them by `next_at` would read what an open breaker has put off, too. */
    index('deliveries_in_flight').on(table.organizationId).where(sql`${table.leaseToken} is not null`),
    index('deliveries_organization').on(table.organizationId, table.mode, table.createdAt, table.id),
    index('deliveries_open')
      .on(table.organizationId, table.mode, table.createdAt, table.id)
      .where(sql`${table.status} <> 'delivered'`),
    index('deliveries_endpoint')
      .on(table.endpointId, table.createdAt)
      .where(sql`${table.endpointId} is not null`),
  ],
)

/** One HTTP request of a delivery. */
export const deliveryAttempts = pgTable(
  'delivery_attempts',
  {
    id: text().primaryKey(),
    deliveryId: text('delivery_id').notNull(),
    number: integer().notNull(),
    startedAt: at('started_at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    responseStatus: integer('response_status'),
    responseExcerpt: text('response_excerpt'),
    error: text(),
  },
  (table) => [index('delivery_attempts_delivery').on(table.deliveryId, table.number)],
)

/** The answer to a create, kept so that a retry gets the same bytes. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    organizationId: text('organization_id').notNull(),
    key: text().notNull(),
    /** Hex SHA-256 of method, path and body. */
    requestHash: text('request_hash').notNull(),
    responseStatus: integer('response_status').notNull(),
    responseBody: text('response_body').notNull(),
    createdAt: at('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('idempotency_keys_key').on(table.organizationId, table.key),
    index('idempotency_keys_age').on(table.createdAt),
  ],
)
