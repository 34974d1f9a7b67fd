import { Conflict, newId } from '@phonevoice/base'
import {
  DEFAULT_ENDPOINT_EVENTS,
  WEBHOOK_ENDPOINTS_MAX,
  type WebhookEndpointCreate,
  type WebhookEndpointCreated,
} from '@phonevoice/contracts'
import { createWebhookSecret } from '@phonevoice/signing'
import { insertAudit } from '../audit/write-audit.ts'
import type { Mode, ServiceContext } from '../context.ts'
import { type Created, createOnce, type Idempotency, idempotencyGate } from '../idempotency/create-once.ts'
import { requireStorableText } from '../text/storable.ts'
import { sealEndpointSecret } from './endpoint-secret.ts'
import { type EndpointRow, toEndpoint } from './to-endpoint.ts'

export interface CreateWebhookEndpoint {
  organizationId: string
  mode: Mode
  request: WebhookEndpointCreate
  idempotency?: Idempotency | null
}

/**
 * Makes an endpoint with a secret of its own, which is shown only here. It receives the events of calls that happen from now on. Throws
 * `too_many_endpoints`, `idempotency_key_reused`.
 */
export async function createWebhookEndpoint(
  ctx: ServiceContext,
  input: CreateWebhookEndpoint,
): Promise<Created<WebhookEndpointCreated>> {
  const { organizationId, mode, request } = input
  requireStorableText(request)
  // The stored answer holds the secret.
  return createOnce(
    ctx,
    { organizationId, idempotency: input.idempotency ?? null, isSecret: true },
    async (store) => {
      const now = new Date(ctx.clock.now())
      const id = newId('endpoint', now.getTime())
      const secret = createWebhookSecret()
      const isEnabled = request.enabled ?? true
      const row: EndpointRow = {
        id,
        organizationId,
        mode,
        slot: 0,
        url: request.url,
        description: request.description ?? null,
        events: [...(request.events ?? DEFAULT_ENDPOINT_EVENTS)],
        secretSealed: await sealEndpointSecret(ctx, { organizationId, endpointId: id }, secret),
        nextSecretSealed: null,
        isEnabled,
        disabledReason: isEnabled ? null : 'requested',
        disabledAt: isEnabled ? null : now,
        createdAt: now,
        updatedAt: now,
        deletedAt: null,
      }
      const resource = {
        ...toEndpoint(row, { breaker: null, statistics: null, nowMs: now.getTime() }),
        secret,
      }
      const answer = store(resource)
      return (await insert(ctx, row, idempotencyGate(ctx, answer))) ? answer : null
    },
  )
}

/** Takes any free slot, so that twins seldom want the same one. False: the idempotency key was there, or a twin was faster to the slot. Throws when all are taken. */
async function insert(
  ctx: ServiceContext,
  row: EndpointRow,
  gate: ReturnType<typeof idempotencyGate>,
): Promise<boolean> {
  const { sql } = ctx.db
  const audited = {
    organizationId: row.organizationId,
    mode: row.mode,
    action: 'webhook_endpoint.created',
    resourceId: row.id,
    details: { origin: new URL(row.url).origin, events: row.events },
  } as const
  const [facts] = await sql<[{ is_full: boolean; is_written: boolean }]>`
    with free as (
      select (array_agg(s order by random()))[1] as slot from generate_series(1, ${WEBHOOK_ENDPOINTS_MAX}::int) s where not exists (
        select from webhook_endpoints
        where organization_id = ${row.organizationId} and mode = ${row.mode} and slot = s and deleted_at is null
      )
    ), gate as (${gate(sql`from free where free.slot is not null`)}), written as (
      insert into webhook_endpoints (id, organization_id, mode, slot, url, description, events, secret_sealed, is_enabled, disabled_reason,
        disabled_at, created_at, updated_at)
      select ${row.id}, ${row.organizationId}, ${row.mode}, free.slot, ${row.url}, ${row.description}::text, ${row.events}::text[],
        ${row.secretSealed}, ${row.isEnabled}::bool, ${row.disabledReason}::text, ${row.disabledAt}::timestamptz, ${row.createdAt}::timestamptz, ${row.updatedAt}::timestamptz
      from free, gate
      returning id
    ), audited as (${insertAudit(ctx, audited, 'written')})
    select free.slot is null as is_full, exists (select from written) as is_written from free`.catch(
    retryOnTwin,
  )
  if (facts.is_full)
    throw new Conflict(
      'too_many_endpoints',
      `An organization has at most ${WEBHOOK_ENDPOINTS_MAX} webhook endpoints of a mode: delete one first.`,
    )
  return facts.is_written
}

/** Two creations at the same moment want the same slot; the statement of the slower one has changed nothing and is repeated. */
function retryOnTwin(error: { code?: string }): [{ is_full: boolean; is_written: boolean }] {
  if (error.code !== '23505') throw error
  return [{ is_full: false, is_written: false }]
}
