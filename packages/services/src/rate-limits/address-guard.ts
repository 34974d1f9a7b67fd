import type { Clock } from '@phonevoice/base'
import { type Bucket, fullBucket, type Rate, refill, secondsUntilToken } from './token-bucket.ts'

/** Rejected keys by network address, in memory: whoever guesses keys costs no database read and no answer worth having. */
export interface AddressGuard {
  /** Whole seconds this address must wait because of what it has sent; 0: it need not. */
  waitSeconds(address: string): number
  /** Another rejected key came from there. */
  note(address: string): void
}

export interface AddressGuardOptions {
  clock: Clock
  /** Rejected keys an address may send. Default: 5 a second, 200 at once: enough for a fleet behind one address that was given a bad key. */
  rate?: Rate
  /** Most addresses remembered. Default 10,000. */
  entriesMax?: number
}

const RATE_DEFAULT: Rate = { perSecond: 5, burst: 200 }

export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const { clock, rate = RATE_DEFAULT, entriesMax = 10_000 } = options
  const buckets = new Map<string, Bucket>()
  const look = (address: string): Bucket => {
    const now = clock.now()
    return refill(buckets.get(address) ?? fullBucket(rate, now), rate, now)
  }
  return {
    waitSeconds(address) {
      if (!buckets.has(address)) return 0
      const bucket = look(address)
      return bucket.tokens >= 1 ? 0 : secondsUntilToken(bucket, rate)
    },
    note(address) {
      const { tokens, atMs } = look(address)
      buckets.delete(address)
      const oldest = buckets.size >= entriesMax ? buckets.keys().next() : undefined
      if (oldest?.done === false) buckets.delete(oldest.value)
      buckets.set(address, { tokens: Math.max(0, tokens - 1), atMs })
    },
  }
}
