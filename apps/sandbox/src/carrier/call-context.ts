import type { Log, Timers } from '@phonevoice/base'
import type { Call } from './call.ts'
import type { CallRecord } from './call-record.ts'
import type { CallbackSender } from './callbacks.ts'
import type { Faults } from './faults.ts'
import type { Line } from './line.ts'
import type { MediaStream } from './media-stream.ts'
import type { Param } from './signature.ts'
import type { TickClock } from './tick-clock.ts'
import type { HttpMethod } from './twiml/parse.ts'
import type { WebhookClient } from './webhook-client.ts'

/** Debugger entries and streams kept per call. */
export const NOTED_MAX = 200

/** What all calls of a carrier share. */
export interface CallServices {
  timers: Timers
  ticks: TickClock
  webhooks: WebhookClient
  callbacks: CallbackSender
  faults: Faults
  log: Log
  /** Multiplies ringing and dialling times only; talking always takes its time. */
  ringTimeScale: number
  streamTimestamps: 'exact' | 'jittered'
  /** Told once, when the call has ended. */
  onEnded: (call: Call) => void
}

/** What the verbs of a script may use of their call. */
export interface CallContext {
  readonly record: CallRecord
  readonly authToken: string
  readonly services: CallServices
  /** Every stream the call has had. */
  readonly streams: MediaStream[]
  readonly cookies: Map<string, string>
  /** Only once the call is answered. */
  line(): Line
  /** Picks up; nothing when that has happened. */
  answer(): void
  reject(reason: 'rejected' | 'busy'): void
  warn(code: number, message: string): void
  sendCallback(to: { url: string; method: HttpMethod }, params: Param[], callStatus?: string): void
}
