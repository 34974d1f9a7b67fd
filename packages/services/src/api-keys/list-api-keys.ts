import { schema } from '@phonevoice/db'
import { desc, eq } from 'drizzle-orm'
import type { Mode, ServiceContext } from '../context.ts'

export interface ApiKeyInfo {
  id: string
  mode: Mode
  name: string
  last4: string
  createdAt: Date
  expiresAt: Date | null
  revokedAt: Date | null
  lastUsedAt: Date | null
}

/** An organization's keys, revoked ones included, newest first; at most 1,000. */
export async function listApiKeys(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<ApiKeyInfo[]> {
  const { apiKeys } = schema
  return await ctx.db.orm
    .select({
      id: apiKeys.id,
      mode: apiKeys.mode,
      name: apiKeys.name,
      last4: apiKeys.last4,
      createdAt: apiKeys.createdAt,
      expiresAt: apiKeys.expiresAt,
      revokedAt: apiKeys.revokedAt,
      lastUsedAt: apiKeys.lastUsedAt,
    })
    .from(apiKeys)
    .where(eq(apiKeys.organizationId, input.organizationId))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(1000)
}
