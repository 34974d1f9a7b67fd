import { NotFound } from '@phonevoice/base'
import type { Assistant } from '@phonevoice/contracts'
import { schema } from '@phonevoice/db'
import { and, eq, isNull } from 'drizzle-orm'
import type { ServiceContext } from '../context.ts'
import { type AssistantRow, toAssistant } from './to-assistant.ts'

export interface AssistantKey {
  organizationId: string
  assistantId: string
}

/** Throws `not_found`, also for deleted and foreign ones. */
export async function getAssistant(ctx: ServiceContext, input: AssistantKey): Promise<Assistant> {
  return toAssistant(await loadAssistant(ctx, input))
}

/** The row of a living assistant. Throws `not_found`. */
export async function loadAssistant(ctx: ServiceContext, input: AssistantKey): Promise<AssistantRow> {
  const { assistants } = schema
  const [row] = await ctx.db.orm
    .select()
    .from(assistants)
    .where(
      and(
        eq(assistants.id, input.assistantId),
        eq(assistants.organizationId, input.organizationId),
        isNull(assistants.deletedAt),
      ),
    )
  if (!row) throw assistantNotFound()
  return row
}

export function assistantNotFound(): NotFound {
  return new NotFound('not_found', 'There is no such assistant: list yours with GET /v1/assistants.')
}
