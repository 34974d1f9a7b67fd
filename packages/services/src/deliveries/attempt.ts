import type { ClaimedDelivery } from './claimed-delivery.ts'

/** What the log keeps of a receiver's answer. */
const EXCERPT_CHARS_MAX = 2000

/** One request of a delivery and what came of it. */
export interface RecordAttemptInput {
  delivery: ClaimedDelivery
  startedAtMs: number
  durationMs: number
  /** Null: there was no HTTP answer; then `error` says why. */
  responseStatus: number | null
  responseExcerpt: string | null
  error: string | null
  retryAfterMs: number | null
  /** In [0, 1); tests fix it. */
  random?: number
}

/** Postgres text cannot hold NUL; a receiver may send anything. */
export function toStorableText(text: string | null): string | null {
  return text === null ? null : text.slice(0, EXCERPT_CHARS_MAX).replaceAll('\u0000', '\ufffd')
}
