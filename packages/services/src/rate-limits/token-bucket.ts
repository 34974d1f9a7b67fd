/** A bucket that fills with time and is emptied by use. Pure: times are given. */
export interface Rate {
  perSecond: number
  /** How many tokens a full bucket holds. */
  burst: number
}

export interface Bucket {
  /** May be negative: what was allowed too much is paid back first. */
  tokens: number
  atMs: number
}

export function fullBucket(rate: Rate, nowMs: number): Bucket {
  return { tokens: rate.burst, atMs: nowMs }
}

/** What the bucket holds now; a clock that went back adds nothing. */
export function refill(bucket: Bucket, rate: Rate, nowMs: number): Bucket {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs)
  const tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.perSecond) / 1000)
  return { tokens, atMs: Math.max(nowMs, bucket.atMs) }
}

/** Whole seconds, at least one, until a bucket that is too empty has a token again. */
export function secondsUntilToken(bucket: Bucket, rate: Rate): number {
  return Math.max(1, Math.ceil((1 - bucket.tokens) / rate.perSecond))
}

/** Whole seconds until it is full again. */
export function secondsUntilFull(bucket: Bucket, rate: Rate): number {
  return Math.max(0, Math.ceil((rate.burst - bucket.tokens) / rate.perSecond))
}
