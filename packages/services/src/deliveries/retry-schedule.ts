/** When a failed delivery is tried again, and when we give up. Pure: time and chance come from the caller. */

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** The wait before attempt n, at index n − 1: about three days in all. */
export const RETRY_DELAYS_MS: readonly number[] = [
  0,
  5 * second,
  30 * second,
  2 * minute,
  10 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
]
/** Each wait is up to this share shorter or longer, so that receivers that failed together are not hit together. */
export const RETRY_JITTER = 0.2
/** The longest wait a receiver may ask for with `Retry-After`. */
export const RETRY_AFTER_MS_MAX = hour

export interface AttemptResult {
  /** 1 for the first, and for the first of a replay. */
  attempt: number
  /** Whatever comes of it, there is no further attempt. Default false. */
  isOnlyOne?: boolean
  /** Null: there was no HTTP answer. */
  responseStatus: number | null
  /** What `Retry-After` asked for; null without one. */
  retryAfterMs: number | null
}

export type DeliveryStep =
  | { status: 'delivered' }
  | { status: 'failed'; reason: 'gone' | 'retries_exhausted' }
  | { status: 'pending'; nextAtMs: number }

/** Whether the receiver has it. Null: there was no HTTP answer. */
export function isDelivered(responseStatus: number | null): boolean {
  return responseStatus !== null && responseStatus >= 200 && responseStatus < 300
}

/** What follows from an attempt. `random` is in [0, 1). Any 2xx delivers; 410 asks us never to come back; the rest is tried again. */
export function stepAfterAttempt(result: AttemptResult, nowMs: number, random: number): DeliveryStep {
  const { responseStatus } = result
  if (isDelivered(responseStatus)) return { status: 'delivered' }
  if (responseStatus === 410) return { status: 'failed', reason: 'gone' }
  const delayMs = result.isOnlyOne ? undefined : RETRY_DELAYS_MS[result.attempt]
  if (delayMs === undefined) return { status: 'failed', reason: 'retries_exhausted' }
  const jitteredMs = Math.round(delayMs * (1 + RETRY_JITTER * (2 * random - 1)))
  const askedMs = Math.min(Math.max(result.retryAfterMs ?? 0, 0), RETRY_AFTER_MS_MAX)
  return { status: 'pending', nextAtMs: nowMs + Math.max(jitteredMs, askedMs) }
}

/** Reads `Retry-After` (RFC 9110 §10.2.3): seconds or an HTTP date. Null when absent or unreadable. */
export function parseRetryAfter(value: string | null | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * second
  if (!/^[A-Za-z]/.test(text)) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}
