import { NotFound, PreconditionFailed } from '@phonevoice/base'
import { createWebhookSecret } from '@phonevoice/signing'
import { insertAudit, writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'

/** What signs an organization's webhooks now, and what will after a rotation that is under way. */
export interface WebhookSecrets {
  current: string
  next: string | null
}

/** For somebody's eyes: the audit log is told before they see it. Throws `not_found`. */
export async function showWebhookSecret(
  ctx: ServiceContext,
  { organizationId }: { organizationId: string },
): Promise<WebhookSecrets> {
  const secrets = await getWebhookSecret(ctx, { organizationId })
  await writeAudit(ctx, { organizationId, action: 'webhook_secret.read', resourceId: organizationId })
  return secrets
}

/** For signing. Throws `not_found`. */
export async function getWebhookSecret(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<WebhookSecrets> {
  const [row] = await ctx.db.sql<SecretRow[]>`
    select webhook_secret_sealed, next_webhook_secret_sealed from organizations where id = ${input.organizationId}`
  if (!row) throw organizationNotFound()
  return await openWebhookSecrets(ctx, input.organizationId, row)
}

/**
 * Begins a rotation and answers with the next secret. Until `completeRotation` webhooks carry both signatures; rotating again meanwhile keeps the
 * next secret that was already given out. Throws `not_found`.
 */
export async function rotateWebhookSecret(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<{ next: string }> {
  const fresh = await sealWebhookSecret(ctx, input.organizationId, createWebhookSecret())
  const [row] = await ctx.db.sql<{ next: string }[]>`
    with changed as (
      update organizations set next_webhook_secret_sealed = coalesce(next_webhook_secret_sealed, ${fresh})
      where id = ${input.organizationId} returning next_webhook_secret_sealed as next
    ), audited as (${insertAudit(ctx, { ...auditOf(input), action: 'webhook_secret.rotation_started' }, 'changed')})
    select next from changed`
  if (!row) throw organizationNotFound()
  return { next: await ctx.secrets.open(input.organizationId, row.next, purpose(input.organizationId)) }
}

/** Makes the next secret the only one. Throws `not_found`, or `invalid_request` when no rotation is under way. */
export async function completeRotation(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<void> {
  const rows = await ctx.db.sql`
    with changed as (
      update organizations set webhook_secret_sealed = next_webhook_secret_sealed, next_webhook_secret_sealed = null
      where id = ${input.organizationId} and next_webhook_secret_sealed is not null
      returning id
    ), audited as (${insertAudit(ctx, { ...auditOf(input), action: 'webhook_secret.rotation_completed' }, 'changed')})
    select id from changed`
  if (rows.length > 0) return
  await getWebhookSecret(ctx, input)
  throw new PreconditionFailed(
    'invalid_request',
    'No rotation of the webhook secret is under way: begin one first.',
  )
}

/** As it is stored; bound to its organization. */
export function sealWebhookSecret(
  ctx: ServiceContext,
  organizationId: string,
  secret: string,
): Promise<string> {
  return ctx.secrets.seal(organizationId, secret, purpose(organizationId))
}

export async function openWebhookSecrets(
  ctx: ServiceContext,
  organizationId: string,
  row: SecretRow,
): Promise<WebhookSecrets> {
  const open = (sealed: string) => ctx.secrets.open(organizationId, sealed, purpose(organizationId))
  return {
    current: await open(row.webhook_secret_sealed),
    next: row.next_webhook_secret_sealed === null ? null : await open(row.next_webhook_secret_sealed),
  }
}

export function organizationNotFound(): NotFound {
  return new NotFound('not_found', 'There is no such organization.')
}

interface SecretRow {
  webhook_secret_sealed: string
  next_webhook_secret_sealed: string | null
}

function auditOf({ organizationId }: { organizationId: string }) {
  return { organizationId, resourceId: organizationId }
}

function purpose(organizationId: string): string {
  return `webhook-secret:${organizationId}`
}
