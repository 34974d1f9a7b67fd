import type { ApiKeyResource } from '@phonevoice/contracts'
import type { schema } from '@phonevoice/db'

export type ApiKeyRow = typeof schema.apiKeys.$inferSelect

/** The public shape; the hash stays here. */
export function toApiKey(row: ApiKeyRow, nowMs: number): ApiKeyResource {
  const isExpired = row.expiresAt !== null && row.expiresAt.getTime() <= nowMs
  return {
    id: row.id,
    object: 'api_key',
    mode: row.mode,
    name: row.name,
    scopes: row.scopes as ApiKeyResource['scopes'],
    last4: row.last4,
    status: row.revokedAt !== null ? 'revoked' : isExpired ? 'expired' : 'active',
    replaced_by: row.replacedById,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    revoked_at: row.revokedAt?.toISOString() ?? null,
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
  }
}
