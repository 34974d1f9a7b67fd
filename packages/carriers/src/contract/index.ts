import type { OutsideCategory } from '@phonevoice/base'

/** The carrier's view of a call, reduced to what every carrier can say. */
export type CarrierCallStatus =
  | 'queued'
  | 'initiated'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'no-answer'
  | 'failed'
  | 'canceled'

/** One account at a carrier. */
export interface CarrierAccount {
  /** Adapter name, e.g. `twilio`. */
  carrier: 'twilio'
  /** The carrier's REST origin, e.g. `https://api.twilio.com`; loopback for the sandbox. No trailing slash. */
  baseUrl: string
  accountSid: string
  /** Authenticates REST requests and signs the carrier's webhooks. */
  authToken: string
}

export interface PlaceCallRequest {
  to: string
  from: string
  /** Asked for instructions once the callee answers. */
  answerUrl: string
  statusUrl: string
  ringTimeoutSeconds: number
  /** Total length, after which the carrier itself hangs up. */
  maxDurationSeconds: number
  /** Ask the carrier to tell people from machines and report to this URL; null: do not. */
  machineDetectionUrl: string | null
}

export interface CarrierCall {
  carrierCallId: string
  status: CarrierCallStatus
  to: string
  from: string
  /** When the carrier created the call, Unix milliseconds; null when it does not say. */
  createdAtMs: number | null
  /** Whole seconds from answer to end; null until known. */
  durationSeconds: number | null
  /** When it ended, Unix milliseconds; null when it has not, or the carrier does not say. */
  endedAtMs?: number | null
}

/** What we ask of a carrier. Every method throws `CarrierError`. */
export interface CarrierClient {
  /** Not idempotent: an unknown outcome must be looked up with `findCalls` before another try. */
  placeCall(request: PlaceCallRequest): Promise<CarrierCall>
  /** Null when the carrier knows no such call. */
  fetchCall(carrierCallId: string): Promise<CarrierCall | null>
  /** Calls between two numbers created at or after a time, newest first, at most 50. */
  findCalls(filter: { to: string; from: string; createdAfterMs: number }): Promise<CarrierCall[]>
  /** Ends a call in any live state. A call that has already ended is not an error. */
  hangUp(carrierCallId: string): Promise<void>
  /** Lets an answered call ask this URL for instructions, whatever it is doing. A call that has ended is not an error. Missing: this carrier cannot. */
  redirect?(carrierCallId: string, url: string): Promise<void>
}

/** A carrier whose numbers can be told where to ask for instructions. Throws `CarrierError`; category `not-found`: not this account's number. */
export interface CarrierNumbers {
  /** `voiceUrl` answers calls to the number, `statusUrl` hears of their ends. Both null: calls to the number are refused by the carrier. */
  configureNumber(
    phoneNumber: string,
    urls: { voiceUrl: string | null; statusUrl: string | null },
  ): Promise<void>
}

/** Why a carrier did not take a call, in terms a business rule can use. */
export type CarrierRefusal =
  /** The callee's number is not a number, or not one of the public network. */
  | 'invalid-number'
  /** The carrier has no way to that number. */
  | 'unreachable'
  /** The account may not call there. */
  | 'blocked'
  /** The caller id is not the account's. */
  | 'caller-id'
  /** Credentials or the account itself. */
  | 'account'
  /** Too many at once; later is fine. */
  | 'busy'
  | 'other'

/** How a carrier failed, for outcomes. */
export interface CarrierFailure {
  category: OutsideCategory
  code: string | null
}
