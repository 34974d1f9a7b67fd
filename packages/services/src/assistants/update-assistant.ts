import { Conflict } from '@phonevoice/base'
import type { Assistant, AssistantPatch } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { type AssistantKey, assistantNotFound } from './get-assistant.ts'
import { patchSettings } from './settings.ts'
import { storedSettings, toAssistant } from './to-assistant.ts'

const TRIES_MAX = 10

/**
 * Puts a patch over the settings. Two updates at the same time both take effect: whoever comes second starts again from the other's result.
 * Throws `not_found` or `invalid_request`.
 */
export async function updateAssistant(
  ctx: ServiceContext,
  input: AssistantKey & { patch: AssistantPatch },
): Promise<Assistant> {
  const { sql } = ctx.db
  const seal = await ctx.secrets.sealer(input.organizationId)
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const [row] = await sql<{ settings: unknown; text: string; created_at: Date }[]>`
      select settings, settings::text as text, created_at from assistants
      where id = ${input.assistantId} and organization_id = ${input.organizationId} and deleted_at is null`
    if (!row) throw assistantNotFound()
    const settings = patchSettings(seal, input.organizationId, storedSettings(row.settings), input.patch)
    const updatedAt = new Date(ctx.clock.now())
    const changed = await sql`
      update assistants set settings = ${JSON.stringify(settings)}::text::jsonb, updated_at = ${updatedAt}
      where id = ${input.assistantId} and organization_id = ${input.organizationId} and deleted_at is null
        and settings = ${row.text}::text::jsonb`
    if (changed.count === 1) {
      return toAssistant({
        id: input.assistantId,
        organizationId: input.organizationId,
        settings,
        createdAt: row.created_at,
        updatedAt,
        deletedAt: null,
      })
    }
  }
  throw new Conflict('assistant_in_use', 'Others are changing this assistant right now: try again.')
}
