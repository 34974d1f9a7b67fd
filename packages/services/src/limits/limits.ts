/** What an organization may use at most. Test and live calls are counted apart, against the same numbers. */
export interface OrganizationLimits {
  /** Calls that are dialled, ring or talk at once; more wait in the queue. Incoming calls count, and are always answered. */
  concurrentCalls: number
  /** Calls dialled within any sixty seconds; more wait in the queue. */
  callsPerMinute: number
  /** `POST /v1/calls` of the whole organization; a burst may be `BURST_SECONDS` times as many. */
  createsPerSecond: number
  /** Requests of one key; a burst may be `BURST_SECONDS` times as many. */
  requestsPerSecond: number
  /** How long a call may wait in the queue unless it says so itself. */
  queueTimeoutSeconds: number
  /** What calls may cost per day (UTC). Null: no limit. */
  spendPerDayMicroUsd: number | null
}

/** See `OrganizationLimits.queueTimeoutSeconds`. */
export const QUEUE_TIMEOUT_SECONDS = 600

/** A bucket holds this many seconds of its rate. */
export const BURST_SECONDS = 2

/** What holds until somebody sets other limits; `docs/limits.md` names them too. */
export const LIMITS_DEFAULT: OrganizationLimits = {
  concurrentCalls: 100,
  callsPerMinute: 600,
  createsPerSecond: 50,
  requestsPerSecond: 100,
  queueTimeoutSeconds: QUEUE_TIMEOUT_SECONDS,
  spendPerDayMicroUsd: null,
}
