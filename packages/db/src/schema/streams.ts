import { boolean, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { at } from './at.ts'
import { calls } from './calls.ts'

/** One WebSocket of the carrier, allowed by a one-time token. */
export const streams = pgTable(
  'streams',
  {
    id: text().primaryKey(),
    callId: text('call_id')
      .notNull()
      .references(() => calls.id),
    nodeId: text('node_id').notNull(),
    /** Hex SHA-256 of the token. */
    tokenHash: text('token_hash').notNull(),
    mintedAt: at('minted_at').notNull(),
    expiresAt: at('expires_at').notNull(),
    /** Set by the first and only use. */
    openedAt: at('opened_at'),
    closedAt: at('closed_at'),
    carrierStreamId: text('carrier_stream_id'),
  },
  (table) => [uniqueIndex('streams_token').on(table.tokenHash), index('streams_call').on(table.callId)],
)

/** A media process, by its heartbeat. */
export const mediaNodes = pgTable('media_nodes', {
  id: text().primaryKey(),
  /** `wss://host[:port]`, without path. */
  origin: text().notNull(),
  /** False while it drains. */
  isReady: boolean('is_ready').notNull(),
  activeCalls: integer('active_calls').notNull(),
  heartbeatAt: at('heartbeat_at').notNull(),
})
