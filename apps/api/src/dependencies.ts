import type { Log, Timers } from '@phonevoice/base'
import type { CarrierAccount, CarrierNumbers } from '@phonevoice/carriers'
import type { ApiKeyOwner, Authenticator } from '@phonevoice/services/api-keys'
import type { ServiceContext } from '@phonevoice/services/context'
import type { RateLimiter } from '@phonevoice/services/rate-limits'
import type { ObjectStorage } from '@phonevoice/storage'
import type { CallEventFeed } from './call-event-feed.ts'

/** What a server is made of; `main.ts` builds the real ones. */
export interface ApiDependencies {
  /** A context whose log lines carry the request's id. */
  createContext(log: Log): ServiceContext
  authenticator: Authenticator
  rateLimiter: RateLimiter
  /** Proxies of our own in front of the api, each of which adds an entry to `X-Forwarded-For`. */
  trustedProxies: number
  /** Wakes readers of a call's event stream. */
  feed: CallEventFeed
  storage: Pick<ObjectStorage, 'get'>
  /** The carrier's side of binding a number. */
  carrierNumbers(account: CarrierAccount): CarrierNumbers
  log: Log
  timers: Timers
  /** Aborts when the server begins to close: long answers end, the rest is finished. */
  draining: AbortSignal
}

/** What middleware leaves for handlers. */
export interface ApiVariables {
  requestId: string
  context: ServiceContext
  /** Set behind `bearer`. */
  owner: ApiKeyOwner
  /** Whether the request's key is still accepted, for answers that take long. Set behind `bearer`. */
  isKeyGood(): Promise<boolean>
  /** Fields of the request's one log line; customers' content only under `customer`. */
  wide: Record<string, unknown>
}

export interface ApiEnv {
  Variables: ApiVariables
}
