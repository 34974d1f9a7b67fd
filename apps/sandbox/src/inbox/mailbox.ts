import type { Timers } from '@phonevoice/base'
import { z } from 'zod'
import type { Verdicts } from './verify-signature.ts'

/** A webhook as it arrived. */
export interface ReceivedWebhook {
  /** 1, 2, 3 … over all names. */
  number: number
  /** Last part of `/hooks/<name>`. */
  name: string
  received_at: string
  headers: Readonly<Record<string, string>>
  /** The body's very bytes, as text. */
  body: string
  /** The body parsed; null when it is not JSON. */
  json: unknown
  verdicts: Verdicts
  /** What the inbox answered; null when it hung up without an answer. */
  answered_status: number | null
}

/** How a hook answers. The first step of `steps` is used up by each request; then the rest applies. */
const stepSchema = z.strictObject({
  status: z.number().int().min(100).max(599).default(200),
  delay_ms: z.number().int().min(0).max(600_000).default(0),
  body: z.string().max(1_000_000).default('{"received":true}'),
  headers: z.record(z.string(), z.string()).default({}),
  /** Close the connection instead of answering. */
  hang_up: z.boolean().default(false),
})

export const behaviourSchema = stepSchema.extend({ steps: z.array(stepSchema).max(1000).default([]) })

export type AnswerStep = z.infer<typeof stepSchema>
export type Behaviour = z.infer<typeof behaviourSchema>
export type BehaviourInput = z.input<typeof behaviourSchema>

/** Everything the inbox remembers. */
export interface Mailbox {
  /** The latest webhooks, oldest first. */
  readonly received: readonly ReceivedWebhook[]
  add(webhook: Omit<ReceivedWebhook, 'number'>): ReceivedWebhook
  clear(): void
  /** Secrets a name is checked with: its own if it has any, else the inbox's. */
  secretsOf(name: string): readonly string[]
  setSecrets(name: string, secrets: readonly string[]): void
  setBehaviour(name: string, behaviour: BehaviourInput): void
  /** What the next request to this name gets. */
  takeStep(name: string): AnswerStep
  /** Calls `listener` for each webhook that comes; returns how to stop. */
  listen(listener: (webhook: ReceivedWebhook) => void): () => void
  waitFor(predicate: (webhook: ReceivedWebhook) => boolean, timeoutMs: number): Promise<ReceivedWebhook>
}

const RECEIVED_MAX = 5000
/** Names with a secret or behaviour of their own; the oldest is forgotten. */
const NAMES_MAX = 1000

export function createMailbox(timers: Timers, secret: string | undefined): Mailbox {
  const received: ReceivedWebhook[] = []
  const secrets = new Map<string, readonly string[]>()
  const behaviours = new Map<string, Behaviour>()
  const listeners = new Set<(webhook: ReceivedWebhook) => void>()
  let count = 0

  const listen = (listener: (webhook: ReceivedWebhook) => void): (() => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  return {
    received,
    listen,
    add(webhook) {
      const numbered = { number: ++count, ...webhook }
      received.push(numbered)
      if (received.length > RECEIVED_MAX) received.shift()
      for (const listener of [...listeners]) listener(numbered)
      return numbered
    },
    clear: () => void received.splice(0),
    secretsOf: (name) => secrets.get(name) ?? (secret === undefined ? [] : [secret]),
    setSecrets: (name, values) => remember(secrets, name, values),
    setBehaviour: (name, behaviour) => remember(behaviours, name, behaviourSchema.parse(behaviour)),
    takeStep(name) {
      const behaviour = behaviours.get(name)
      return behaviour?.steps.shift() ?? behaviour ?? stepSchema.parse({})
    },
    waitFor(predicate, timeoutMs) {
      const found = received.find(predicate)
      if (found) return Promise.resolve(found)
      return new Promise((resolve, reject) => {
        const timer = timers.after(timeoutMs, () => {
          stop()
          reject(
            new Error(
              `No matching webhook arrived within ${timeoutMs} ms; ${received.length} are in the inbox.`,
            ),
          )
        })
        const stop = listen((webhook) => {
          if (!predicate(webhook)) return
          stop()
          timer.cancel()
          resolve(webhook)
        })
      })
    },
  }
}

function remember<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.delete(name)
  map.set(name, value)
  const oldest = map.keys().next()
  if (map.size > NAMES_MAX && !oldest.done) map.delete(oldest.value)
}
