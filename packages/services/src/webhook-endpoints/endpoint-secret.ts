import { Conflict } from '@phonevoice/base'
import type { WebhookEndpoint, WebhookEndpointRotated } from '@phonevoice/contracts'
import { createWebhookSecret } from '@phonevoice/signing'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import type { WebhookSecrets } from '../organizations/index.ts'
import {
  auditOf,
  type EndpointKey,
  endpointNotFound,
  getWebhookEndpoint,
  loadEndpoint,
} from './read-endpoints.ts'

/** What signs the webhooks of an endpoint, whoever's it is and deleted or not: for the worker. Throws `not_found`. */
export async function getEndpointSecret(
  ctx: ServiceContext,
  input: { endpointId: string },
): Promise<WebhookSecrets> {
  const [row] = await ctx.db.sql<
    { organization_id: string; secret_sealed: string; next_secret_sealed: string | null }[]
  >`
    select organization_id, secret_sealed, next_secret_sealed from webhook_endpoints where id = ${input.endpointId}`
  if (!row) throw endpointNotFound()
  const open = (sealed: string) => ctx.secrets.open(row.organization_id, sealed, purpose(input.endpointId))
  return {
    current: await open(row.secret_sealed),
    next: row.next_secret_sealed === null ? null : await open(row.next_secret_sealed),
  }
}

/**
 * Begins a rotation and shows the next secret. Until it is completed webhooks carry both signatures; rotating again meanwhile shows the same
 * next secret. Throws `not_found`.
 */
export async function rotateEndpointSecret(
  ctx: ServiceContext,
  input: EndpointKey,
): Promise<WebhookEndpointRotated> {
  await loadEndpoint(ctx, input)
  const fresh = await sealEndpointSecret(ctx, input, createWebhookSecret())
  const [row] = await ctx.db.sql<{ next: string }[]>`
    with changed as (
      update webhook_endpoints set next_secret_sealed = coalesce(next_secret_sealed, ${fresh}), updated_at = ${new Date(ctx.clock.now())}
      where id = ${input.endpointId} and organization_id = ${input.organizationId} and deleted_at is null
      returning next_secret_sealed as next
    ), audited as (${insertAudit(ctx, { ...auditOf(input), action: 'webhook_secret.rotation_started' }, 'changed')})
    select next from changed`
  if (!row) throw endpointNotFound()
  const endpoint = await getWebhookEndpoint(ctx, input)
  return {
    ...endpoint,
    next_secret: await ctx.secrets.open(input.organizationId, row.next, purpose(input.endpointId)),
  }
}

/** Makes the next secret the only one. Throws `not_found`, or `no_rotation` when none is under way. */
export async function completeEndpointRotation(
  ctx: ServiceContext,
  input: EndpointKey,
): Promise<WebhookEndpoint> {
  await loadEndpoint(ctx, input)
  const changed = await ctx.db.sql`
    with changed as (
      update webhook_endpoints set secret_sealed = next_secret_sealed, next_secret_sealed = null, updated_at = ${new Date(ctx.clock.now())}
      where id = ${input.endpointId} and organization_id = ${input.organizationId} and deleted_at is null
        and next_secret_sealed is not null
      returning id
    ), audited as (${insertAudit(ctx, { ...auditOf(input), action: 'webhook_secret.rotation_completed' }, 'changed')})
    select id from changed`
  if (changed.length === 0)
    throw new Conflict(
      'no_rotation',
      'No rotation of this secret is under way: begin one with rotate-secret.',
    )
  return getWebhookEndpoint(ctx, input)
}

/** As it is stored; bound to its endpoint. */
export function sealEndpointSecret(
  ctx: ServiceContext,
  endpoint: { organizationId: string; endpointId: string },
  secret: string,
): Promise<string> {
  return ctx.secrets.seal(endpoint.organizationId, secret, purpose(endpoint.endpointId))
}

function purpose(endpointId: string): string {
  return `webhook-secret:${endpointId}`
}
