/**
 * Answers "whose key is this?" from memory, so that a request costs no database read.
 *
 * Two bounded memories, least recently used first out: owners for 30 s and misses for 10 s. They are apart so that a flood of invented keys cannot
 * push real ones out. A revoked key is refused at once by the process that revoked it (`forget`) and within 30 s by the others. Requests that
 * ask for the same key at the same time share one read.
 */
import type { ServiceContext } from '../context.ts'
import { type ApiKeyOwner, type FoundApiKey, findApiKey, invalidApiKey } from './authenticate-api-key.ts'
import { parseApiKey } from './key-format.ts'

export interface Authenticator {
  /** Throws `invalid_api_key`. */
  authenticate(text: string): Promise<ApiKeyOwner>
  /** True for a key that is known to be good without asking anybody. */
  remembers(text: string): boolean
  /** Drops what is remembered of a key. */
  forget(keyId: string): void
}

export interface AuthenticatorOptions {
  /** Default 30,000. */
  ownerTtlMs?: number
  /** Default 10,000. */
  missTtlMs?: number
  /** Most entries of each memory. Default 10,000. */
  entriesMax?: number
}

export function createAuthenticator(ctx: ServiceContext, options: AuthenticatorOptions = {}): Authenticator {
  const entriesMax = options.entriesMax ?? 10_000
  const owners = createMemory<FoundApiKey>(entriesMax)
  const misses = createMemory<true>(entriesMax)
  const running = new Map<string, Promise<FoundApiKey | null>>()

  async function look(hash: string): Promise<FoundApiKey | null> {
    const found = await findApiKey(ctx, hash)
    const now = ctx.clock.now()
    if (found) {
      const freshUntilMs = now + (options.ownerTtlMs ?? 30_000)
      owners.set(hash, found, Math.min(freshUntilMs, found.expiresAtMs ?? freshUntilMs))
    } else {
      misses.set(hash, true, now + (options.missTtlMs ?? 10_000))
    }
    return found
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
      const { expiresAtMs: _, ...owner } = found
      return owner
    },
    remembers(text) {
      const hash = parseApiKey(text)?.hash
      return hash !== undefined && owners.get(hash, ctx.clock.now()) !== undefined
    },
    forget(keyId) {
      owners.deleteWhere((owner) => owner.keyId === keyId)
    },
  }
}

interface Memory<T> {
  get(key: string, nowMs: number): T | undefined
  set(key: string, value: T, freshUntilMs: number): void
  deleteWhere(test: (value: T) => boolean): void
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
    deleteWhere(test) {
      for (const [key, entry] of entries) if (test(entry.value)) entries.delete(key)
    },
  }
}
