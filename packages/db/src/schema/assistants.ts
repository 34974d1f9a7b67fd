import { index, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { at } from './at.ts'
import { organizations } from './organizations.ts'

export const assistants = pgTable(
  'assistants',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id')
      .notNull()
      .references(() => organizations.id),
    /** `AssistantSettings` of the contracts package, with header secrets sealed. */
    settings: jsonb().notNull(),
    createdAt: at('created_at').notNull(),
    updatedAt: at('updated_at').notNull(),
    /** Deleted assistants stay for the calls that name them. */
    deletedAt: at('deleted_at'),
  },
  (table) => [index('assistants_organization').on(table.organizationId, table.createdAt, table.id)],
)
