import type { ApiKeyResource } from '@phonevoice/contracts'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { type ApiKeyRef, getApiKey, loadApiKey } from './read-api-keys.ts'

/** Ends a key for good; repeating it changes nothing. Every api process refuses it within a second. Throws `not_found`. */
export async function revokeApiKey(ctx: ServiceContext, ref: ApiKeyRef): Promise<ApiKeyResource> {
  const { id, organizationId, mode } = await loadApiKey(ctx, ref)
  const audited = { organizationId, mode, action: 'api_key.revoked', resourceId: id } as const
  await ctx.db.sql`
    with revoked as (
      update api_keys set revoked_at = ${new Date(ctx.clock.now())}
      where id = ${id} and organization_id = ${organizationId} and revoked_at is null
      returning id
    ), audited as (${insertAudit(ctx, audited, 'revoked')})
    select id from revoked`
  return getApiKey(ctx, ref)
}
