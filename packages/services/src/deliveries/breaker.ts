/**
 * The breaker of a receiver (an endpoint, or a URL up to its query), shared by all workers because it is a row.
 *
 * - closed: everything is sent. So many failures in a row open it.
 * - open until a time: nothing is sent; what comes due is put off to that time, unattempted, so that it costs neither an attempt nor a place among
 *   those in flight. Order and retries are kept.
 * - half-open from then on: one delivery probes. If it fails the breaker opens again, for longer; any success closes it and lets go what was put off.
 *
 * A worker that dies with the probe leaves the breaker to become half-open again when the probe's time is over.
 */

/** Failed attempts in a row that open the breaker. */
export const BREAKER_FAILURES_MAX = 10
/** How long it stays open the first time, the second in a row, and so on; the last for every further time. */
export const BREAKER_OPEN_MS: readonly number[] = [15_000, 30_000, 60_000, 120_000, 300_000]
/** How long one probe keeps the others waiting: longer than an attempt can take. */
export const BREAKER_PROBE_MS = 20_000

/** An endpoint that has answered with nothing but failures for so long, and failed often enough to open its breaker, is disabled. */
export const DISABLE_AFTER_MS = 5 * 24 * 3_600_000
