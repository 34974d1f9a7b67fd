/**
 * Answers "whose key is this?" from memory, so that a request costs no database read.
 *
 * Two bounded memories, least recently used first out: owners for a second and misses for 10 s. They are apart so that a flood of invented keys
 * cannot push real ones out. A second is also the bound within which a revoked key is refused everywhere, with nobody to tell and no message to
 * lose; it costs one read per key and second however many requests there are, and those that ask at the same time share it. Uses are noted beside
 * the request, never before its answer.
 */
import type { ServiceContext } from '../context.ts'
import {
  type ApiKeyOwner,
  type FoundApiKey,
  findApiKey,
  invalidApiKey,
  isUseDue,
  noteUse,
  requireNotExpired,
} from './authenticate-api-key.ts'
import { parseApiKey } from './key-format.ts'

export interface Authenticator {
  /** Throws `invalid_api_key` or `api_key_expired`. */
  authenticate(text: string): Promise<ApiKeyOwner>
  /** True for a key that is known to be good without asking anybody. */
  remembers(text: string): boolean
}

export interface AuthenticatorOptions {
  /** How long after its revocation a key may still be accepted. Default 1000. */
  ownerTtlMs?: number
  /** Default 10,000. */
  missTtlMs?: number
  /** Most entries of each memory. Default 10,000. */
  entriesMax?: number
}

const OWNER_TTL_MS = 1000
/** Uses being noted at the same time; one more is left to the key's next look-up. */
const NOTING_MAX = 20

export function createAuthenticator(ctx: ServiceContext, options: AuthenticatorOptions = {}): Authenticator {
  const entriesMax = options.entriesMax ?? 10_000
  const owners = createMemory<FoundApiKey>(entriesMax)
  const misses = createMemory<true>(entriesMax)
  const running = new Map<string, Promise<FoundApiKey | null>>()
  const noting = new Set<string>()

  async function look(hash: string): Promise<FoundApiKey | null> {
    // The bound counts from before the question: a revocation may overtake the answer.
    const askedAtMs = ctx.clock.now()
    const found = await findApiKey(ctx, hash)
    if (found) {
      owners.set(hash, found, askedAtMs + (options.ownerTtlMs ?? OWNER_TTL_MS))
      if (!isExpired(found)) noteLater(found)
    } else {
      misses.set(hash, true, askedAtMs + (options.missTtlMs ?? 10_000))
    }
    return found
  }

  function noteLater(found: FoundApiKey): void {
    if (!isUseDue(found, ctx.clock.now()) || noting.has(found.keyId) || noting.size >= NOTING_MAX) return
    noting.add(found.keyId)
    noteUse(ctx, found)
      .catch((error: unknown) => ctx.log.warn('the use of a key could not be noted', { error }))
      .finally(() => noting.delete(found.keyId))
  }

  function isExpired(owner: ApiKeyOwner): boolean {
    return owner.expiresAtMs !== null && owner.expiresAtMs <= ctx.clock.now()
  }

  return {
    async authenticate(text) {
      const hash = parseApiKey(text)?.hash
      const now = ctx.clock.now()
      if (hash === undefined || misses.get(hash, now)) throw invalidApiKey()
      let found: FoundApiKey | null = owners.get(hash, now) ?? null
      if (!found) {
        const looking = running.get(hash) ?? look(hash).finally(() => running.delete(hash))
        running.set(hash, looking)
        found = await looking
      }
      if (!found) throw invalidApiKey()
      requireNotExpired(found, ctx.clock.now())
      return found
    },
    remembers(text) {
      const hash = parseApiKey(text)?.hash
      const owner = hash === undefined ? undefined : owners.get(hash, ctx.clock.now())
      return owner !== undefined && !isExpired(owner)
    },
  }
}

interface Memory<T> {
  get(key: string, nowMs: number): T | undefined
  set(key: string, value: T, freshUntilMs: number): void
}

/** A map that forgets: entries by age, and the least recently used one when it is full. */
function createMemory<T>(entriesMax: number): Memory<T> {
  const entries = new Map<string, { value: T; freshUntilMs: number }>()
  return {
    get(key, nowMs) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (entry.freshUntilMs <= nowMs) return undefined
      // A Map keeps insertion order: putting it back makes it the youngest.
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, freshUntilMs) {
      entries.delete(key)
      const oldest = entries.size >= entriesMax ? entries.keys().next() : undefined
      if (oldest?.done === false) entries.delete(oldest.value)
      entries.set(key, { value, freshUntilMs })
    },
  }
}
