import { timingSafeEqual } from 'node:crypto'
import { Unauthenticated } from '@phonevoice/base'
import type { Mode, ServiceContext } from '../context.ts'
import { LIMITS_DEFAULT, type OrganizationLimits } from '../limits/limits.ts'
import { parseApiKey } from './key-format.ts'

/** Whom a key speaks for. */
export interface ApiKeyOwner {
  organizationId: string
  mode: Mode
  keyId: string
  /** What the api holds this owner to; as old as what is remembered of the key. */
  limits: Pick<OrganizationLimits, 'createsPerSecond' | 'requestsPerSecond'>
}

/** An owner, and until when that stays true without asking again. */
export interface FoundApiKey extends ApiKeyOwner {
  /** Unix milliseconds; null: the key does not expire. */
  expiresAtMs: number | null
}

/** `last_used_at` is written at most this often per key. */
const LAST_USED_EVERY_MS = 60_000

/** Throws `invalid_api_key`. Asks the database each time; a server wants `createAuthenticator`. */
export async function authenticateApiKey(ctx: ServiceContext, text: string): Promise<ApiKeyOwner> {
  const parsed = parseApiKey(text)
  const found = parsed && (await findApiKey(ctx, parsed.hash))
  if (!found) throw invalidApiKey()
  const { expiresAtMs: _, ...owner } = found
  return owner
}

/** Looks a key up by its hash and notes its use, in one round trip. Null: unknown, revoked or expired. */
export async function findApiKey(ctx: ServiceContext, hash: string): Promise<FoundApiKey | null> {
  const now = new Date(ctx.clock.now())
  const [row] = await ctx.db.sql<ApiKeyRow[]>`
    with found as (
      select id, organization_id, mode, hash, expires_at from api_keys
      where hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > ${now})
    ), used as (
      update api_keys set last_used_at = ${now} from found
      where api_keys.id = found.id
        and (last_used_at is null or last_used_at <= ${new Date(now.getTime() - LAST_USED_EVERY_MS)})
    )
    select found.*, l.creates_per_second, l.requests_per_second from found
    left join organization_limits l on l.organization_id = found.organization_id`
  if (!row || !isSame(row.hash, hash)) return null
  return {
    organizationId: row.organization_id,
    mode: row.mode,
    keyId: row.id,
    limits: {
      createsPerSecond: row.creates_per_second ?? LIMITS_DEFAULT.createsPerSecond,
      requestsPerSecond: row.requests_per_second ?? LIMITS_DEFAULT.requestsPerSecond,
    },
    expiresAtMs: row.expires_at?.getTime() ?? null,
  }
}

export function invalidApiKey(): Unauthenticated {
  return new Unauthenticated(
    'invalid_api_key',
    'The API key is unknown, revoked or expired: send a valid one as "Authorization: Bearer pv_…".',
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
  expires_at: Date | null
  creates_per_second: number | null
  requests_per_second: number | null
}
