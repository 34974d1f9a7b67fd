import { boolean, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { at } from './at.ts'

/** A customer. Everything else belongs to exactly one. */
export const organizations = pgTable('organizations', {
  id: text().primaryKey(),
  name: text().notNull(),
  /** Signs webhooks and custom-LLM requests; sealed (see services/secrets). */
  webhookSecretSealed: text('webhook_secret_sealed').notNull(),
  /** Set while a rotation is under way. */
  nextWebhookSecretSealed: text('next_webhook_secret_sealed'),
  createdAt: at('created_at').notNull(),
})

/** A Bearer key. Only the hash of the secret is kept. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id')
      .notNull()
      .references(() => organizations.id),
    /** `test` keys always dial the sandbox. */
    mode: text({ enum: ['test', 'live'] }).notNull(),
    name: text().notNull(),
    /** Hex SHA-256 of the whole key. */
    hash: text().notNull(),
    last4: text().notNull(),
    /** Null: every scope, also those that are added later. */
    scopes: text().array(),
    createdAt: at('created_at').notNull(),
    expiresAt: at('expires_at'),
    /** The key that a rotation made in its place; this one works until `expiresAt`. */
    replacedById: text('replaced_by_id'),
    revokedAt: at('revoked_at'),
    lastUsedAt: at('last_used_at'),
  },
  (table) => [
    uniqueIndex('api_keys_hash').on(table.hash),
    index('api_keys_organization').on(table.organizationId),
    index('api_keys_page').on(table.organizationId, table.mode, table.createdAt, table.id),
  ],
)

/** An organization's own account at a carrier, for live calls. */
export const carrierAccounts = pgTable(
  'carrier_accounts',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id')
      .notNull()
      .references(() => organizations.id),
    carrier: text({ enum: ['twilio'] }).notNull(),
    accountSid: text('account_sid').notNull(),
    authTokenSealed: text('auth_token_sealed').notNull(),
    /** REST origin without trailing slash. */
    baseUrl: text('base_url').notNull(),
    isActive: boolean('is_active').notNull().default(true),
    createdAt: at('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('carrier_accounts_sid').on(table.organizationId, table.accountSid),
    index('carrier_accounts_by_sid').on(table.accountSid),
  ],
)

/** A number an organization owns at its carrier (live) or uses in the sandbox (test), and who answers it. */
export const phoneNumbers = pgTable(
  'phone_numbers',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id')
      .notNull()
      .references(() => organizations.id),
    mode: text({ enum: ['test', 'live'] }).notNull(),
    /** Null in test mode: the sandbox's account. */
    carrierAccountId: text('carrier_account_id').references(() => carrierAccounts.id),
    phoneNumber: text('phone_number').notNull(),
    assistantId: text('assistant_id'),
    createdAt: at('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('phone_numbers_number').on(table.mode, table.phoneNumber),
    index('phone_numbers_organization').on(table.organizationId, table.createdAt),
  ],
)
