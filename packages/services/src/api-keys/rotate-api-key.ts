import { Conflict } from '@phonevoice/base'
import { type ApiKeyRotate, type ApiKeyRotated, KEY_OVERLAP_SECONDS_DEFAULT } from '@phonevoice/contracts'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { type Created, createOnce, type Idempotency, idempotencyGate } from '../idempotency/create-once.ts'
import { apiKeyColumns, apiKeyValues, newApiKeyRow } from './create-api-key.ts'
import { type Granter, grantExpiry, requireAll } from './grant.ts'
import { type ApiKeyRef, loadApiKey } from './read-api-keys.ts'
import { type ApiKeyRow, toApiKey } from './to-api-key.ts'

/**
 * Gives a key a successor with the same name and scopes. The old one works until the overlap is over, and then ends by itself; its answers then say
 * `api_key_expired`. A key is rotated once: rotate its successor next. Throws `not_found`, `api_key_not_active`, `insufficient_scope`,
 * `invalid_request`, `idempotency_key_reused`.
 */
export async function rotateApiKey(
  ctx: ServiceContext,
  input: ApiKeyRef & { granter: Granter; request: ApiKeyRotate; idempotency?: Idempotency | null },
): Promise<Created<ApiKeyRotated>> {
  const { organizationId, granter, request } = input
  const old = await loadApiKey(ctx, input)
  requireAll(granter, old.scopes)
  return createOnce(
    ctx,
    { organizationId, idempotency: input.idempotency ?? null, isSecret: true },
    async (store) => {
      const nowMs = ctx.clock.now()
      const wantedEnd = request.expires_at === undefined ? null : new Date(request.expires_at)
      const expiresAt = grantExpiry(granter, wantedEnd, { nowMs, fallback: old.expiresAt })
      const overlapMs = (request.overlap_seconds ?? KEY_OVERLAP_SECONDS_DEFAULT) * 1000
      const oldEnd = new Date(
        Math.min(nowMs + overlapMs, old.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY),
      )
      const { key, row } = newApiKeyRow({ ...old, expiresAt, nowMs })
      const answer = store({
        ...toApiKey(row, nowMs),
        key,
        replaces: old.id,
        old_key_expires_at: oldEnd.toISOString(),
      })
      return (await replace(ctx, { old, oldEnd, row }, idempotencyGate(ctx, answer))) ? answer : null
    },
  )
}

/** False: the idempotency key was there. Throws when the old key is not to be rotated any more; then nothing is written, the idempotency key included. */
async function replace(
  ctx: ServiceContext,
  { old, oldEnd, row }: { old: ApiKeyRow; oldEnd: Date; row: ApiKeyRow },
  gate: ReturnType<typeof idempotencyGate>,
): Promise<boolean> {
  const { sql } = ctx.db
  const audited = {
    organizationId: old.organizationId,
    mode: old.mode,
    action: 'api_key.rotated',
    resourceId: old.id,
    details: { replaced_by: row.id, old_key_expires_at: oldEnd.toISOString() },
  } as const
  // Locked first: of two rotations at the same moment the second must find nothing before it opens its gate.
  const [facts] = await sql<[{ is_active: boolean; is_written: boolean }]>`
    with active as (
      select id from api_keys
      where id = ${old.id} and organization_id = ${old.organizationId} and replaced_by_id is null and revoked_at is null
        and (expires_at is null or expires_at > ${row.createdAt})
      for update
    ), gate as (${gate(sql`from active`)}), ended as (
      update api_keys k set replaced_by_id = ${row.id}, expires_at = ${oldEnd} from active, gate where k.id = active.id returning k.id
    ), written as (
      insert into api_keys ${apiKeyColumns(ctx)} select ${apiKeyValues(ctx, row)} from ended returning id
    ), audited as (${insertAudit(ctx, audited, 'written')})
    select exists (select from active) as is_active, exists (select from written) as is_written`
  if (!facts.is_active)
    throw new Conflict(
      'api_key_not_active',
      'This key is expired, revoked, or has a successor already: rotate the key in replaced_by, or make a new one.',
    )
  return facts.is_written
}
