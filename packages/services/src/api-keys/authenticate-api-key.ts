import { timingSafeEqual } from 'node:crypto'
import { Unauthenticated } from '@phonevoice/base'
import type { Scope } from '@phonevoice/contracts'
import type { Mode, ServiceContext } from '../context.ts'
import { LIMITS_DEFAULT, type OrganizationLimits } from '../limits/limits.ts'
import { parseApiKey } from './key-format.ts'

/** Whom a key speaks for, and what it may do. */
export interface ApiKeyOwner {
  organizationId: string
  mode: Mode
  keyId: string
  /** Null: everything. */
  scopes: readonly Scope[] | null
  /** Unix milliseconds; null: the key does not expire. */
  expiresAtMs: number | null
  /** What the api holds this owner to; as old as what is remembered of the key. */
  limits: Pick<OrganizationLimits, 'createsPerSecond' | 'requestsPerSecond'>
}

/** A key as it is stored, expired or not. */
export interface FoundApiKey extends ApiKeyOwner {
  lastUsedAtMs: number | null
}

/** `last_used_at` is written at most this often per key. */
const LAST_USED_EVERY_MS = 60_000

/** Throws `invalid_api_key` or `api_key_expired`. Asks the database each time; a server wants `createAuthenticator`. */
export async function authenticateApiKey(ctx: ServiceContext, text: string): Promise<ApiKeyOwner> {
  const parsed = parseApiKey(text)
  const found = parsed && (await findApiKey(ctx, parsed.hash))
  if (!found) throw invalidApiKey()
  requireNotExpired(found, ctx.clock.now())
  await noteUse(ctx, found)
  return found
}

/** Looks a key up by its hash. Null: unknown or revoked; an expired one is found. */
export async function findApiKey(ctx: ServiceContext, hash: string): Promise<FoundApiKey | null> {
  const [row] = await ctx.db.sql<ApiKeyRow[]>`
    select k.id, k.organization_id, k.mode, k.hash, k.scopes, k.expires_at, k.last_used_at, l.creates_per_second, l.requests_per_second
    from api_keys k left join organization_limits l on l.organization_id = k.organization_id
    where k.hash = ${hash} and k.revoked_at is null`
  if (!row || !isSame(row.hash, hash)) return null
  return {
    organizationId: row.organization_id,
    mode: row.mode,
    keyId: row.id,
    scopes: row.scopes,
    expiresAtMs: row.expires_at?.getTime() ?? null,
    limits: {
      createsPerSecond: row.creates_per_second ?? LIMITS_DEFAULT.createsPerSecond,
      requestsPerSecond: row.requests_per_second ?? LIMITS_DEFAULT.requestsPerSecond,
    },
    lastUsedAtMs: row.last_used_at?.getTime() ?? null,
  }
}

/** Whether its use is due to be noted. */
export function isUseDue(found: FoundApiKey, nowMs: number): boolean {
  return found.lastUsedAtMs === null || nowMs - found.lastUsedAtMs >= LAST_USED_EVERY_MS
}

/** Writes down that a key was used, unless that was done within the last minute. */
export async function noteUse(ctx: ServiceContext, found: FoundApiKey): Promise<void> {
  const now = new Date(ctx.clock.now())
  if (!isUseDue(found, now.getTime())) return
  await ctx.db.sql`
    update api_keys set last_used_at = ${now} where id = ${found.keyId} and organization_id = ${found.organizationId}
      and (last_used_at is null or last_used_at <= ${new Date(now.getTime() - LAST_USED_EVERY_MS)})`
}

/** Throws `api_key_expired`. */
export function requireNotExpired(owner: ApiKeyOwner, nowMs: number): void {
  if (owner.expiresAtMs !== null && owner.expiresAtMs <= nowMs)
    throw new Unauthenticated(
      'api_key_expired',
      `The API key expired on ${new Date(owner.expiresAtMs).toISOString()}: send the one that took its place, or make a new one.`,
    )
}

export function invalidApiKey(): Unauthenticated {
  return new Unauthenticated(
    'invalid_api_key',
    'The API key is unknown or revoked: send a valid one as "Authorization: Bearer pv_…".',
  )
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

interface ApiKeyRow {
  id: string
  organization_id: string
  mode: Mode
  hash: string
  scopes: Scope[] | null
  expires_at: Date | null
  last_used_at: Date | null
  creates_per_second: number | null
  requests_per_second: number | null
}
