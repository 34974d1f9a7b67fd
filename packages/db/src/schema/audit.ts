import { index, pgTable, text } from 'drizzle-orm/pg-core'
import { at } from './at.ts'
import { organizations } from './organizations.ts'

/**
 * Who did what to keys, secrets, endpoints, recordings and settings. Rows are only ever added: a trigger of the migration refuses every update, and
 * every deletion of what is less than a year old.
 */
export const auditEntries = pgTable(
  'audit_entries',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id')
      .notNull()
      .references(() => organizations.id),
    /** Null: it concerns both modes. */
    mode: text({ enum: ['test', 'live'] }),
    occurredAt: at('occurred_at').notNull(),
    /** `admin`: the person who runs the deployment. `link`: whoever opened a recording link. `system`: nobody asked. */
    actor: text({ enum: ['api_key', 'admin', 'link', 'system'] }).notNull(),
    /** The key's id, for `api_key`. */
    actorId: text('actor_id'),
    requestId: text('request_id'),
    ipAddress: text('ip_address'),
    /** One of `AUDIT_ACTIONS` (contracts). */
    action: text().notNull(),
    resourceId: text('resource_id'),
    /** JSON text; never a secret, never what was said on a call. */
    details: text().notNull(),
  },
  (table) => [
    index('audit_entries_organization').on(table.organizationId, table.occurredAt, table.id),
    index('audit_entries_resource').on(table.organizationId, table.resourceId, table.occurredAt),
    index('audit_entries_age').on(table.occurredAt),
  ],
)
