/** What a run left behind, as four witnesses saw it: the client, the receiver, the carrier and the database. `check.ts` compares them. */
export interface Facts {
  /** What clients were told, by idempotency key; a key may have been used by several requests at once. */
  created: { key: string; callIds: string[] }[]
  received: Received[]
  /** Calls that the carrier placed, by number; empty where it could not be watched. */
  carrierCalls: { number: string; sid: string; isLive: boolean }[]
  calls: CallFact[]
  events: EventFact[]
  deliveries: DeliveryFact[]
}

/** One webhook as it arrived. */
export interface Received {
  atMs: number
  body: string
}

export interface CallFact {
  id: string
  phoneNumber: string
  status: string
  lastSequence: number
  isStarted: boolean
  isEnded: boolean
  isCompleted: boolean
  carrierCallId: string | null
}

export interface EventFact {
  id: string
  callId: string
  sequence: number
  type: string
  /** JSON text. */
  data: string
}

export interface DeliveryFact {
  eventId: string
  status: string
  /** When the first attempt began; null: there was none, or it died unrecorded. */
  firstStartedMs: number | null
  /** The end of the attempt that was recorded as a success. */
  succeededMs: number | null
}
