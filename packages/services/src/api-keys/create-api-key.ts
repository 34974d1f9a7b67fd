import { Conflict, newId } from '@phonevoice/base'
import { API_KEYS_MAX, type ApiKeyCreate, type ApiKeyCreated, type Scope } from '@phonevoice/contracts'
import { insertAudit } from '../audit/write-audit.ts'
import type { Mode, ServiceContext } from '../context.ts'
import { type Created, createOnce, type Idempotency, idempotencyGate } from '../idempotency/create-once.ts'
import { requireStorableText } from '../text/storable.ts'
import { type Granter, grantExpiry, grantScopes } from './grant.ts'
import { hashApiKey, makeApiKey } from './key-format.ts'
import { type ApiKeyRow, toApiKey } from './to-api-key.ts'

export interface NewApiKey {
  id: string
  /** The whole key: shown now and never again. */
  key: string
  last4: string
}

/** Makes a key for whoever runs the deployment; only its hash is kept. Throws `invalid_request`, `too_many_api_keys`. */
export async function createApiKey(
  ctx: ServiceContext,
  input: {
    organizationId: string
    mode: Mode
    name: string
    /** Absent or null: everything. */
    scopes?: readonly Scope[] | null | undefined
    expiresAt?: Date | undefined
  },
): Promise<NewApiKey> {
  const { resource } = await createApiKeyOnce(ctx, {
    organizationId: input.organizationId,
    mode: input.mode,
    granter: null,
    request: {
      name: input.name,
      ...(input.scopes ? { scopes: [...input.scopes] } : {}),
      ...(input.expiresAt ? { expires_at: input.expiresAt.toISOString() } : {}),
    },
  })
  return { id: resource.id, key: resource.key, last4: resource.last4 }
}

/**
 * Makes a key for a key: of the same mode, with at most its scopes, for at most as long. Throws `insufficient_scope`, `invalid_request`,
 * `too_many_api_keys`, `idempotency_key_reused`.
 */
export async function createApiKeyOnce(
  ctx: ServiceContext,
  input: {
    organizationId: string
    mode: Mode
    granter: Granter
    request: ApiKeyCreate
    idempotency?: Idempotency | null
  },
): Promise<Created<ApiKeyCreated>> {
  const { organizationId, granter, request } = input
  requireStorableText(request)
  // The stored answer holds the key.
  return createOnce(
    ctx,
    { organizationId, idempotency: input.idempotency ?? null, isSecret: true },
    async (store) => {
      const nowMs = ctx.clock.now()
      const scopes = grantScopes(granter, request.scopes ?? null)
      const wantedEnd = request.expires_at === undefined ? null : new Date(request.expires_at)
      const expiresAt = grantExpiry(granter, wantedEnd, { nowMs })
      const { key, row } = newApiKeyRow({ ...input, name: request.name, scopes, expiresAt, nowMs })
      const answer = store({ ...toApiKey(row, nowMs), key })
      return (await insert(ctx, row, idempotencyGate(ctx, answer))) ? answer : null
    },
  )
}

/** A fresh key and what is kept of it. */
export function newApiKeyRow(input: {
  organizationId: string
  mode: Mode
  name: string
  scopes: readonly Scope[] | null
  expiresAt: Date | null
  nowMs: number
}): { key: string; row: ApiKeyRow } {
  const key = makeApiKey(input.mode)
  const row: ApiKeyRow = {
    id: newId('apiKey', input.nowMs),
    organizationId: input.organizationId,
    mode: input.mode,
    name: input.name,
    hash: hashApiKey(key),
    last4: key.slice(-4),
    scopes: input.scopes === null ? null : [...input.scopes],
    createdAt: new Date(input.nowMs),
    expiresAt: input.expiresAt,
    replacedById: null,
    revokedAt: null,
    lastUsedAt: null,
  }
  return { key, row }
}

/** The values of a new row in the order of `apiKeyColumns`. */
export function apiKeyValues(ctx: ServiceContext, row: ApiKeyRow) {
  return ctx.db.sql`
    ${row.id}, ${row.organizationId}, ${row.mode}, ${row.name}, ${row.hash}, ${row.last4}, ${row.scopes}::text[], ${row.createdAt}::timestamptz,
    ${row.expiresAt}::timestamptz`
}

/** The columns that `apiKeyValues` has values for. */
export function apiKeyColumns(ctx: ServiceContext) {
  return ctx.db.sql`(id, organization_id, mode, name, hash, last4, scopes, created_at, expires_at)`
}

/** False: the idempotency key was there. Throws when the organization has too many keys. */
async function insert(
  ctx: ServiceContext,
  row: ApiKeyRow,
  gate: ReturnType<typeof idempotencyGate>,
): Promise<boolean> {
  const { sql } = ctx.db
  const audited = {
    organizationId: row.organizationId,
    mode: row.mode,
    action: 'api_key.created',
    resourceId: row.id,
    details: { name: row.name, scopes: row.scopes, expires_at: row.expiresAt?.toISOString() ?? null },
  } as const
  const [facts] = await sql<[{ is_full: boolean; is_written: boolean }]>`
    with working as (
      select count(*) >= ${API_KEYS_MAX} as is_full from api_keys
      where organization_id = ${row.organizationId} and mode = ${row.mode} and revoked_at is null
        and (expires_at is null or expires_at > ${row.createdAt})
    ), gate as (${gate(sql`from working where not is_full`)}), written as (
      insert into api_keys ${apiKeyColumns(ctx)} select ${apiKeyValues(ctx, row)} from working, gate where not is_full returning id
    ), audited as (${insertAudit(ctx, audited, 'written')})
    select is_full, exists (select from written) as is_written from working`
  if (facts.is_full)
    throw new Conflict(
      'too_many_api_keys',
      `An organization has at most ${API_KEYS_MAX} working API keys of a mode: revoke some first.`,
    )
  return facts.is_written
}
