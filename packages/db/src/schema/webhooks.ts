import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { at } from './at.ts'
import { organizations } from './organizations.ts'

/** A receiver of the events of every call of its organization and mode. */
export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id')
      .notNull()
      .references(() => organizations.id),
    mode: text({ enum: ['test', 'live'] }).notNull(),
    /** 1 to 20, free again after deletion: bounds the endpoints of a mode, and with them the deliveries of an event. */
    slot: integer().notNull(),
    url: text().notNull(),
    description: text(),
    events: text().array().notNull(),
    secretSealed: text('secret_sealed').notNull(),
    /** Set while a rotation is under way. */
    nextSecretSealed: text('next_secret_sealed'),
    isEnabled: boolean('is_enabled').notNull(),
    disabledReason: text('disabled_reason', { enum: ['requested', 'gone', 'failing'] }),
    disabledAt: at('disabled_at'),
    createdAt: at('created_at').notNull(),
    updatedAt: at('updated_at').notNull(),
    /** Deleted endpoints stay for the deliveries that name them. */
    deletedAt: at('deleted_at'),
  },
  (table) => [
    uniqueIndex('webhook_endpoints_slot')
      .on(table.organizationId, table.mode, table.slot)
      .where(sql`${table.deletedAt} is null`),
    check('webhook_endpoints_slots', sql`${table.slot} between 1 and 20`),
  ],
)

/** A fact about an endpoint instead of a call: that it was disabled, or a test. Numbered nowhere. */
export const endpointEvents = pgTable(
  'endpoint_events',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id')
      .notNull()
      .references(() => organizations.id),
    endpointId: text('endpoint_id')
      .notNull()
      .references(() => webhookEndpoints.id),
    type: text().notNull(),
    occurredAt: at('occurred_at').notNull(),
    /** JSON text, as in `call_events`. */
    data: text().notNull(),
  },
  (table) => [index('endpoint_events_endpoint').on(table.endpointId)],
)

/** A receiver that has been failing since its last success; a success deletes the row, so there are only as many as there is trouble. */
export const breakers = pgTable(
  'breakers',
  {
    organizationId: text('organization_id').notNull(),
    /** As in `deliveries`. */
    target: text().notNull(),
    consecutiveFailures: integer('consecutive_failures').notNull(),
    /** The first failure since the last success. */
    failingSince: at('failing_since').notNull(),
    lastFailureAt: at('last_failure_at').notNull(),
    /** Null: closed. In the future: open, nothing is sent. In the past: half-open, one delivery may probe. */
    openUntil: at('open_until'),
    /** How often in a row it has opened; each time for longer. */
    opened: integer().notNull(),
    /** The delivery that probes while the breaker is half-open. */
    probeDeliveryId: text('probe_delivery_id'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.target] }),
    index('breakers_age').on(table.lastFailureAt),
  ],
)
