import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { resealSecrets } from './reseal.ts'

/** Longer than anything keeps a copy: a call may wait a day, then last four hours; a stored answer lives for a day. */
const RETIRED_KEPT_MS = 48 * 3_600_000

/**
 * Gives an organization a new data key and seals its secrets with it. Keys that were retired two days ago and seal nothing any more are destroyed. The
 * organization must exist. Broken off, it is repeated: secrets are readable at any moment.
 */
export async function rotateDataKey(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<{ resealed: number; destroyed: number }> {
  const { id } = await ctx.secrets.dataKeys.rotate(input.organizationId)
  await writeAudit(ctx, { ...input, action: 'data_key.rotated', resourceId: id })
  const resealed = await resealSecrets(ctx, input)
  return { resealed, destroyed: await destroyRetired(ctx, input.organizationId) }
}

async function destroyRetired(ctx: ServiceContext, organizationId: string): Promise<number> {
  const before = new Date(ctx.clock.now() - RETIRED_KEPT_MS)
  const destroyed = await ctx.db.sql`
    delete from data_keys k where k.organization_id = ${organizationId} and k.retired_at < ${before}
      and not exists (
        select from organizations o where o.id = k.organization_id
          and concat(o.webhook_secret_sealed, ' ', o.next_webhook_secret_sealed) like '%v2.' || k.id || '.%'
      ) and not exists (
        select from webhook_endpoints w where w.organization_id = k.organization_id
          and concat(w.secret_sealed, ' ', w.next_secret_sealed) like '%v2.' || k.id || '.%'
      ) and not exists (
        select from carrier_accounts c where c.organization_id = k.organization_id and c.auth_token_sealed like 'v2.' || k.id || '.%'
      ) and not exists (
        select from assistants a where a.organization_id = k.organization_id and a.settings::text like '%v2.' || k.id || '.%'
      )`
  return destroyed.count
}
