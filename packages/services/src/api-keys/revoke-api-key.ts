import { NotFound } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
import { and, eq, sql } from 'drizzle-orm'
import type { ServiceContext } from '../context.ts'

/** Ends a key for good; repeating it changes nothing. Tell the process's authenticator to `forget` it. Throws `not_found`. */
export async function revokeApiKey(
  ctx: ServiceContext,
  input: { organizationId: string; keyId: string },
): Promise<void> {
  const { apiKeys } = schema
  const now = new Date(ctx.clock.now()).toISOString()
  const rows = await ctx.db.orm
    .update(apiKeys)
    .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, ${now}::timestamptz)` })
    .where(and(eq(apiKeys.id, input.keyId), eq(apiKeys.organizationId, input.organizationId)))
    .returning({ id: apiKeys.id })
  if (rows.length === 0) throw new NotFound('not_found', 'There is no such API key in this organization.')
}
