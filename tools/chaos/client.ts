import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from './random.ts'

export interface ClientOptions {
  apiUrl: string
  apiKey: string
  assistantId: string
  webhookUrl: string
  /** Names the run in its idempotency keys. */
  seed: number
  random: Random
  /** Numbers to call, in turn. */
  numbers: readonly string[]
}

/** What a client was told about one key. */
export interface Created {
  key: string
  callIds: string[]
}

const GIVE_UP_MS = 60_000
/** One create in ten is sent twice at the same time. */
const TWINS_IN = 10
const EVENTS = [
  'call.queued',
  'call.ringing',
  'call.started',
  'transcription',
  'call.ended',
  'call.completed',
]

/** A client that does what we tell ours to do: after any doubt it asks again with the same key, until it has an answer. */
export function createClient(options: ClientOptions): { create(number: number): Promise<Created> } {
  async function ask(key: string, body: string): Promise<string> {
    const deadline = Date.now() + GIVE_UP_MS
    for (let problem = ''; Date.now() < deadline; await wait(100)) {
      try {
        const response = await fetch(`${options.apiUrl}/v1/calls`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${options.apiKey}`,
            'content-type': 'application/json',
            'idempotency-key': key,
          },
          body,
          signal: AbortSignal.timeout(10_000),
        })
        const text = await response.text()
        if (response.status === 201) return (JSON.parse(text) as { id: string }).id
        problem = `${response.status} ${text}`
        if (response.status < 500 && response.status !== 429 && response.status !== 409)
          throw new Refused(problem)
        if (response.status === 429) await wait(500)
      } catch (error) {
        if (error instanceof Refused) throw error
        problem = String(error)
      }
      if (Date.now() + 100 >= deadline) throw new Error(`no answer for ${key}: ${problem}`)
    }
    throw new Error(`no answer for ${key}`)
  }

  return {
    async create(number) {
      const key = `chaos-${options.seed}-${number}`
      const body = JSON.stringify({
        phone_number: options.numbers[number % options.numbers.length],
        assistant_id: options.assistantId,
        webhook_url: options.webhookUrl,
        webhook_events: EVENTS,
        metadata: { number: String(number) },
      })
      const twins = options.random.below(TWINS_IN) === 0 ? 2 : 1
      const callIds = await Promise.all(Array.from({ length: twins }, () => ask(key, body)))
      return { key, callIds }
    },
  }
}

class Refused extends Error {
  override name = 'Refused'
}
