import { newId } from '@phonevoice/base'
import type { Assistant, AssistantPatch } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { type Created, createOnce, type Idempotency, idempotencyGate } from '../idempotency/create-once.ts'
import { newSettings } from './settings.ts'
import { toAssistant } from './to-assistant.ts'

export interface CreateAssistant {
  organizationId: string
  settings: AssistantPatch & { name: string }
}

/** Makes an assistant from a name and whatever differs from the defaults. Throws `invalid_request`. */
export async function createAssistant(ctx: ServiceContext, input: CreateAssistant): Promise<Assistant> {
  return (await createAssistantOnce(ctx, { ...input, idempotency: null })).resource
}

/** The same for a request that may come again. Throws `invalid_request`, `idempotency_key_reused`. */
export function createAssistantOnce(
  ctx: ServiceContext,
  input: CreateAssistant & { idempotency: Idempotency | null },
): Promise<Created<Assistant>> {
  return createOnce(ctx, input, async (store) => {
    const now = new Date(ctx.clock.now())
    const seal = await ctx.secrets.sealer(input.organizationId)
    const row = {
      id: newId('assistant', now.getTime()),
      organizationId: input.organizationId,
      settings: newSettings(seal, input.organizationId, input.settings),
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    }
    const answer = store(toAssistant(row))
    const written = await ctx.db.sql`
      with gate as (${idempotencyGate(ctx, answer)()})
      insert into assistants (id, organization_id, settings, created_at, updated_at)
      select ${row.id}, ${row.organizationId}, ${JSON.stringify(row.settings)}::text::jsonb, ${now}::timestamptz, ${now}::timestamptz from gate
      returning id`
    return written.length > 0 ? answer : null
  })
}
