import { type Assistant, withDefaults } from '@phonevoice/contracts'
import type { schema } from '@phonevoice/db'
import { hideSecrets, type SealedSettings } from './settings.ts'

export type AssistantRow = typeof schema.assistants.$inferSelect

/** The public shape; header values are hidden. */
export function toAssistant(row: AssistantRow): Assistant {
  return {
    id: row.id,
    object: 'assistant',
    ...hideSecrets(storedSettings(row.settings)),
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }
}

/** The column holds what `newSettings` or `patchSettings` made; settings that have come since then have their defaults. */
export function storedSettings(column: unknown): SealedSettings {
  return withDefaults(column as SealedSettings) as SealedSettings
}
