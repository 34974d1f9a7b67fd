import { newId } from '@phonevoice/base'
import type { Assistant, AssistantPatch } from '@phonevoice/contracts'
import { schema } from '@phonevoice/db'
import type { ServiceContext } from '../context.ts'
import { newSettings } from './settings.ts'
import { toAssistant } from './to-assistant.ts'

/** Makes an assistant from a name and whatever differs from the defaults. Throws `invalid_request`. */
export async function createAssistant(
  ctx: ServiceContext,
  input: { organizationId: string; settings: AssistantPatch & { name: string } },
): Promise<Assistant> {
  const now = new Date(ctx.clock.now())
  const row = {
    id: newId('assistant', now.getTime()),
    organizationId: input.organizationId,
    settings: newSettings(ctx.secrets, input.organizationId, input.settings),
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  }
  await ctx.db.orm.insert(schema.assistants).values(row)
  return toAssistant(row)
}
