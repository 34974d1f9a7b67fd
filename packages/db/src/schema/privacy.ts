import { sql } from 'drizzle-orm'
import { boolean, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { at } from './at.ts'
import { organizations } from './organizations.ts'

/** How long an organization's calls keep what was said, and whether they may be recorded. A missing row: kept until somebody deletes it, and recorded as assistants say. */
export const privacyPolicies = pgTable('privacy_policies', {
  organizationId: text('organization_id')
    .primaryKey()
    .references(() => organizations.id),
  /** Days after completion; null: no limit. */
  contentDays: integer('content_days'),
  /** The same for recordings alone. */
  recordingDays: integer('recording_days'),
  /** Recordings of calls completed up to here are gone, or about to be: the next pass goes on from there. */
  recordingsDeletedUntil: at('recordings_deleted_until'),
  isRecordingForbidden: boolean('is_recording_forbidden').notNull().default(false),
  updatedAt: at('updated_at').notNull(),
})

/** What an organization's secrets are sealed with, itself sealed by a master key that is not in the database. */
export const dataKeys = pgTable(
  'data_keys',
  {
    id: text().primaryKey(),
    /** No foreign key: an organization's first secret is sealed before its row is written. */
    organizationId: text('organization_id').notNull(),
    /** Names the master key; see services/secrets. */
    masterKeyId: text('master_key_id').notNull(),
    wrapped: text().notNull(),
    createdAt: at('created_at').notNull(),
    /** Seals nothing any more, but still opens. */
    retiredAt: at('retired_at'),
  },
  (table) => [
    uniqueIndex('data_keys_current').on(table.organizationId).where(sql`${table.retiredAt} is null`),
    index('data_keys_organization').on(table.organizationId),
    index('data_keys_master').on(table.masterKeyId),
  ],
)
