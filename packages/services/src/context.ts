import type { Clock, Log } from '@phonevoice/base'
import type { AuditActor } from '@phonevoice/contracts'
import type { Database } from '@phonevoice/db'
import type { SecretBox } from './secrets/index.ts'

/** What every verb is given beside its input. */
export interface ServiceContext {
  db: Database
  clock: Clock
  log: Log
  secrets: SecretBox
  /** Tells a worker that a row is due now. Best effort, never awaited: a sweeper finds what is missed. */
  wake(wakeUp: WakeUp): void
  /** Tells other processes. Best effort, never awaited. */
  publish(message: BusMessage): void
  settings: ServiceSettings
  /** On whose behalf, for the audit log; absent: the system's own. */
  actor?: Actor
}

/** Who asks for what is done with a context. */
export interface Actor {
  type: AuditActor
  /** The API key's id; null for everybody else. */
  id: string | null
  requestId: string | null
  ipAddress: string | null
}

/** `test`: the sandbox connects the call; `live`: the organization's own carrier account. */
export type Mode = 'test' | 'live'

/** Ids only; the row holds the truth. */
export type WakeUp = { kind: 'work'; id: string } | { kind: 'delivery'; id: string }

/** What processes tell each other, ids only. */
export type BusMessage =
  /** New events of a call can be read. */
  | { topic: 'call-events'; callId: string }
  /** To the media node that holds or will hold the call: synthesise the greeting, warm connections. */
  | { topic: 'call-prepare'; nodeId: string; callId: string }
  /** To the media node that holds the call: end it with the reason written on the call's row. */
  | { topic: 'call-end'; nodeId: string; callId: string }
  /** To the media node that holds the call: a command waits for it. */
  | { topic: 'call-command'; nodeId: string; callId: string; commandId: string }

/** Deployment facts that verbs need. */
export interface ServiceSettings {
  /** The api's public origin, e.g. `https://api.example.com`; carrier callbacks and recording links begin with it. */
  apiOrigin: string
  /** The sandbox's carrier account, for test calls; null when there is no sandbox. */
  sandbox: { carrierUrl: string; accountSid: string; authToken: string } | null
  /** No call is recorded, whatever organizations, assistants and requests say. */
  isRecordingForbidden?: boolean | undefined
  /** Calls of all organizations, test and live, that may be dialled or under way at once; absent or null: only their own limits hold. */
  callsConcurrentMax?: number | null | undefined
}
