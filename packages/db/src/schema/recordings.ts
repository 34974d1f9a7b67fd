import { bigint, boolean, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { at } from './at.ts'
import { calls } from './calls.ts'
import { streams } from './streams.ts'

/** The audio of a call. */
export const recordings = pgTable(
  'recordings',
  {
    id: text().primaryKey(),
    callId: text('call_id')
      .notNull()
      .references(() => calls.id),
    /** `recording` while parts may still come; the rest is final. `deleted`: there was one, and whatever arrives late is deleted, too. */
    status: text({ enum: ['recording', 'ready', 'partial', 'failed', 'deleted'] }).notNull(),
    storageKey: text('storage_key'),
    durationMs: integer('duration_ms'),
    sizeBytes: bigint('size_bytes', { mode: 'number' }),
    /** Raised to void every link given out so far. */
    linkVersion: integer('link_version').notNull().default(1),
    createdAt: at('created_at').notNull(),
  },
  (table) => [uniqueIndex('recordings_call').on(table.callId)],
)

/** One stretch of audio in shared storage: the parts of a call, merged when it is finished. */
export const recordingParts = pgTable(
  'recording_parts',
  {
    streamId: text('stream_id')
      .notNull()
      .references(() => streams.id),
    number: integer().notNull(),
    storageKey: text('storage_key').notNull(),
    /** Where the part begins on its stream's clock, milliseconds. */
    offsetMs: integer('offset_ms').notNull(),
    durationMs: integer('duration_ms').notNull(),
    isLast: boolean('is_last').notNull(),
  },
  (table) => [primaryKey({ columns: [table.streamId, table.number] })],
)
