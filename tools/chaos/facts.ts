/** What became of calls, as the client, the carrier and the database saw it. `check-calls.ts` compares them. */
export interface CallsFacts {
  /** What clients were told, by idempotency key; a key may have been used by several requests at once. */
  created: { key: string; callIds: string[] }[]
  /** Calls that the carrier placed. */
  carrierCalls: { number: string; sid: string; isLive: boolean }[]
  calls: LifeFact[]
  events: { callId: string; type: string }[]
}

/** A call's row. */
export interface LifeFact {
  id: string
  phoneNumber: string
  status: string
  isStarted: boolean
  isEnded: boolean
  isCompleted: boolean
}
