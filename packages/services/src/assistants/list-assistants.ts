import type { Assistant } from '@phonevoice/contracts'
import { schema } from '@phonevoice/db'
import { and, desc, eq, isNull } from 'drizzle-orm'
import type { ServiceContext } from '../context.ts'
import { before } from '../pages/before.ts'
import { type Page, type PageRequest, rowsWanted, toPage } from '../pages/cursor.ts'
import { toAssistant } from './to-assistant.ts'

/** An organization's assistants, newest first. Throws `invalid_cursor`. */
export async function listAssistants(
  ctx: ServiceContext,
  input: { organizationId: string } & PageRequest,
): Promise<Page<Assistant>> {
  const { assistants } = schema
  const rows = await ctx.db.orm
    .select()
    .from(assistants)
    .where(
      and(
        eq(assistants.organizationId, input.organizationId),
        isNull(assistants.deletedAt),
        before(assistants.createdAt, assistants.id, input.cursor),
      ),
    )
    .orderBy(desc(assistants.createdAt), desc(assistants.id))
    .limit(rowsWanted(input))
  return toPage(input, rows, (row) => row, toAssistant)
}
