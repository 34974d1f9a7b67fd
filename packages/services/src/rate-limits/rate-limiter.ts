/**
 * Rates that hold for all api processes together, decided without waiting for anybody.
 *
 * Each process decides on its own copy of a bucket and, a tenth of a second later, tells the database how many tokens it has used; what comes back is
 * what everyone has left, and replaces the copy. So a request costs no round trip, and a busy process one small statement in a tenth of a second. Until
 * they have told each other, several processes can together allow more than one bucket holds; the shared bucket then goes below zero and that is paid
 * back before anything else is allowed. Over more than a moment the rate therefore holds whatever the number of processes; a burst after a pause may be
 * as large as one bucket for each of them.
 *
 * When the database does not answer, each process goes on with its own copy.
 */
import type { Clock, Log, Timer, Timers } from '@phonevoice/base'
import type { Database } from '@phonevoice/db'
import {
  type Bucket,
  fullBucket,
  type Rate,
  refill,
  secondsUntilFull,
  secondsUntilToken,
} from './token-bucket.ts'

export interface RateLimiter {
  /** Takes a token of the bucket with this name, if there is one. */
  take(name: string, rate: Rate): RateVerdict
  /** Tells the database now. Only tests need to wait for it. */
  sync(): Promise<void>
  /** Tells what has not been told yet, and stops. */
  close(): Promise<void>
}

export interface RateVerdict {
  isAllowed: boolean
  /** Whole tokens left, at least 0. */
  remaining: number
  /** Until the bucket is full again. */
  resetSeconds: number
  /** Until the next token, at least 1. */
  retryAfterSeconds: number
}

export interface RateLimiterOptions {
  db: Database
  clock: Clock
  timers: Timers
  log: Log
  /** Default 100. */
  syncMs?: number
  /** Most buckets remembered; the one used longest ago is forgotten, which fills it. Default 20,000. */
  entriesMax?: number
}

interface Entry {
  bucket: Bucket
  rate: Rate
  /** Not told to the database yet. */
  used: number
}

/** A bucket nobody has used for this long is full in any sensible setting. */
const FORGOTTEN_AFTER_MS = 600_000
const CLEAN_EVERY_MS = 60_000

export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { db, clock, timers, log } = options
  const entries = new Map<string, Entry>()
  const untold = new Set<string>()
  let timer: Timer | null = null
  let syncing: Promise<void> | null = null
  let isClosed = false
  let cleanedAtMs = clock.now()

  function find(name: string, rate: Rate, nowMs: number): Entry {
    const known = entries.get(name)
    if (known) entries.delete(name)
    else if (entries.size >= (options.entriesMax ?? 20_000)) {
      const oldest = entries.keys().next()
      if (oldest.done === false) entries.delete(oldest.value)
    }
    const entry = known ?? { bucket: fullBucket(rate, nowMs), rate, used: 0 }
    entry.rate = rate
    entry.bucket = refill(entry.bucket, rate, nowMs)
    // A Map keeps insertion order: putting it back makes it the youngest.
    entries.set(name, entry)
    return entry
  }

  function syncSoon(): void {
    if (timer !== null || isClosed) return
    timer = timers.after(options.syncMs ?? 100, () => {
      timer = null
      void sync()
    })
  }

  function sync(): Promise<void> {
    const before = syncing ?? Promise.resolve()
    const telling = before.then(tell).catch((error: unknown) => {
      log.warn('Rates could not be shared between processes', { error })
      syncSoon()
    })
    syncing = telling
    return telling
  }

  async function tell(): Promise<void> {
    // In one order everywhere: two processes that lock the same rows never wait for each other in a circle.
    const names = [...untold].filter((name) => entries.has(name)).sort()
    untold.clear()
    if (names.length === 0) return
    const told = names.map((name) => entries.get(name) as Entry)
    const used = told.map((entry) => entry.used)
    for (const entry of told) entry.used = 0
    const nowMs = clock.now()
    try {
      const rows = await share(names, told, used, nowMs)
      for (const row of rows) {
        const entry = entries.get(row.name)
        if (entry) entry.bucket = { tokens: row.tokens - entry.used, atMs: nowMs }
      }
    } catch (error) {
      for (const [index, entry] of told.entries()) entry.used += used[index] ?? 0
      for (const name of names) untold.add(name)
      throw error
    }
    if (nowMs - cleanedAtMs >= CLEAN_EVERY_MS) {
      cleanedAtMs = nowMs
      await db.sql`delete from rate_buckets where updated_at < ${new Date(nowMs - FORGOTTEN_AFTER_MS)}`
    }
  }

  /** Only text goes into arrays, see `calls/call-writer.ts`. */
  async function share(names: string[], told: readonly Entry[], used: readonly number[], nowMs: number) {
    const now = new Date(nowMs)
    return await db.sql<{ name: string; tokens: number }[]>`
      insert into rate_buckets as b (name, tokens, rate_per_second, burst, updated_at)
      select name, burst - used, rate, burst, ${now} from unnest(
        ${names}::text[], ${used.map(String)}::text[]::float8[], ${told.map(({ rate }) => String(rate.perSecond))}::text[]::float8[],
        ${told.map(({ rate }) => String(rate.burst))}::text[]::float8[]
      ) as t (name, used, rate, burst) order by name
      on conflict (name) do update set
        tokens = least(excluded.burst, b.tokens + excluded.rate_per_second * greatest(0, extract(epoch from excluded.updated_at - b.updated_at)))
          - (excluded.burst - excluded.tokens),
        rate_per_second = excluded.rate_per_second, burst = excluded.burst, updated_at = greatest(b.updated_at, excluded.updated_at)
      returning b.name, b.tokens`
  }

  return {
    take(name, rate) {
      const entry = find(name, rate, clock.now())
      const isAllowed = entry.bucket.tokens >= 1
      if (isAllowed) {
        entry.bucket.tokens -= 1
        entry.used += 1
        untold.add(name)
        syncSoon()
      }
      return {
        isAllowed,
        remaining: Math.max(0, Math.floor(entry.bucket.tokens)),
        resetSeconds: secondsUntilFull(entry.bucket, rate),
        retryAfterSeconds: secondsUntilToken(entry.bucket, rate),
      }
    },
    sync,
    async close() {
      isClosed = true
      timer?.cancel()
      await sync()
    },
  }
}
