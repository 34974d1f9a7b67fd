import type { WebhookEndpoint, WebhookEndpointPatch } from '@phonevoice/contracts'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { releasePutOff } from '../deliveries/release-put-off.ts'
import { requireStorableText } from '../text/storable.ts'
import {
  auditOf,
  type EndpointKey,
  endpointNotFound,
  getWebhookEndpoint,
  loadEndpoint,
} from './read-endpoints.ts'

/**
 * Changes what the patch names. A new URL, or `enabled: true`, forgets the failures so far and lets waiting deliveries go to where the endpoint is
 * now; a disabled endpoint is given no new deliveries, and those still waiting fail when they come due. Throws `not_found`.
 */
export async function updateWebhookEndpoint(
  ctx: ServiceContext,
  input: EndpointKey & { patch: WebhookEndpointPatch },
): Promise<WebhookEndpoint> {
  requireStorableText(input.patch)
  await loadEndpoint(ctx, input)
  const { sql } = ctx.db
  const { url, events, description, enabled } = input.patch
  const now = new Date(ctx.clock.now())
  const isFreshStart = url !== undefined || enabled !== undefined
  const audited = {
    ...auditOf(input),
    action: 'webhook_endpoint.updated',
    details: { ...input.patch, ...(url === undefined ? {} : { url: new URL(url).origin }) },
  } as const
  const changed = await sql`
    with changed as (
      update webhook_endpoints set updated_at = ${now}
        ${url === undefined ? sql`` : sql`, url = ${url}`}
        ${events === undefined ? sql`` : sql`, events = ${events}::text[]`}
        ${description === undefined ? sql`` : sql`, description = ${description}`}
        ${enabled === true ? sql`, is_enabled = true, disabled_reason = null, disabled_at = null` : sql``}
        ${enabled === false ? sql`, is_enabled = false, disabled_reason = coalesce(disabled_reason, 'requested'), disabled_at = coalesce(disabled_at, ${now})` : sql``}
      where id = ${input.endpointId} and organization_id = ${input.organizationId} and deleted_at is null
      returning id, organization_id
    ), forgotten as (
      delete from breakers b using changed
      where b.organization_id = changed.organization_id and b.target = changed.id and ${isFreshStart}
    ), audited as (${insertAudit(ctx, audited, 'changed')})
    select id from changed`
  if (changed.length === 0) throw endpointNotFound()
  if (isFreshStart)
    await releasePutOff(ctx, { organizationId: input.organizationId, target: input.endpointId })
  return getWebhookEndpoint(ctx, input)
}

/** Takes an endpoint away; deliveries still waiting fail when they come due. Throws `not_found`. */
export async function deleteWebhookEndpoint(ctx: ServiceContext, input: EndpointKey): Promise<void> {
  await loadEndpoint(ctx, input)
  const now = new Date(ctx.clock.now())
  const deleted = await ctx.db.sql`
    with deleted as (
      update webhook_endpoints set deleted_at = ${now}, is_enabled = false, updated_at = ${now}
      where id = ${input.endpointId} and organization_id = ${input.organizationId} and deleted_at is null
      returning id, organization_id
    ), forgotten as (
      delete from breakers b using deleted where b.organization_id = deleted.organization_id and b.target = deleted.id
    ), audited as (${insertAudit(ctx, { ...auditOf(input), action: 'webhook_endpoint.deleted' }, 'deleted')})
    select id from deleted`
  if (deleted.length === 0) throw endpointNotFound()
}
