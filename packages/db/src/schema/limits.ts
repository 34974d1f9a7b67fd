import { bigint, doublePrecision, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { at } from './at.ts'
import { organizations } from './organizations.ts'

/** What an organization may use at most. A null column, like a missing row, means the default that `docs/limits.md` names. Each limit counts test and live calls apart. */
export const organizationLimits = pgTable('organization_limits', {
  organizationId: text('organization_id')
    .primaryKey()
    .references(() => organizations.id),
  concurrentCalls: integer('concurrent_calls'),
  callsPerMinute: integer('calls_per_minute'),
  createsPerSecond: integer('creates_per_second'),
  requestsPerSecond: integer('requests_per_second'),
  queueTimeoutSeconds: integer('queue_timeout_seconds'),
  spendPerDayMicroUsd: bigint('spend_per_day_micro_usd', { mode: 'number' }),
  updatedAt: at('updated_at').notNull(),
})

/** Whom an organization may call, and when. Null, like a missing row: the default. */
export const dialPolicies = pgTable('dial_policies', {
  organizationId: text('organization_id')
    .primaryKey()
    .references(() => organizations.id),
  /** ISO 3166-1 alpha-2 codes. */
  countries: text().array(),
  /** JSON text of `CallingHours` (contracts). */
  callingHours: text('calling_hours'),
  updatedAt: at('updated_at').notNull(),
})

/** A number an organization must not call, with whichever key. */
export const doNotCallNumbers = pgTable(
  'do_not_call_numbers',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id')
      .notNull()
      .references(() => organizations.id),
    phoneNumber: text('phone_number').notNull(),
    note: text(),
    createdAt: at('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('do_not_call_number').on(table.organizationId, table.phoneNumber),
    index('do_not_call_organization').on(table.organizationId, table.createdAt, table.id),
  ],
)

/** One row. Whoever lets waiting calls through raises the version, so that nobody else does on an older count. */
export const dialGate = pgTable('dial_gate', {
  id: integer().primaryKey(),
  version: bigint({ mode: 'number' }).notNull(),
})

/** What api processes tell each other about rates. Not logged: after a crash of the database every bucket is full again, which is harmless. */
export const rateBuckets = pgTable(
  'rate_buckets',
  {
    name: text().primaryKey(),
    /** May be negative: what several processes allowed at the same moment is paid back. */
    tokens: doublePrecision().notNull(),
    ratePerSecond: doublePrecision('rate_per_second').notNull(),
    burst: doublePrecision().notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (table) => [index('rate_buckets_age').on(table.updatedAt)],
)
