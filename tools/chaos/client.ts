import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../random.ts'

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
/** One create in ten is sent twice at the same time, and one in forty by this many clients. */
const TWINS_IN = 10
const RACES_IN = 40
const RACERS = 20
const EVENTS = [
  'call.queued',
  'call.ringing',
  'call.started',
  'transcription',
  'call.ended',
  'call.completed',
]

export interface ChaosClient {
  /** A call, or several requests for the same one. */
  create(number: number): Promise<Created>
  /** Asks once. Null: the call was accepted; otherwise what came instead, after which `create` with the same number finds out. */
  tryCreate(number: number): Promise<string | null>
}

/** A client that does what we tell ours to do: after any doubt it asks again with the same key, until it has an answer. */
export function createClient(options: ClientOptions): ChaosClient {
  const keyOf = (number: number): string => `chaos-${options.seed}-${number}`
  const bodyOf = (number: number): string =>
    JSON.stringify({
      phone_number: options.numbers[number % options.numbers.length],
      assistant_id: options.assistantId,
      webhook_url: options.webhookUrl,
      webhook_events: EVENTS,
      metadata: { number: String(number) },
    })

  async function send(number: number): Promise<{ status: number; text: string }> {
    const response = await fetch(`${options.apiUrl}/v1/calls`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${options.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': keyOf(number),
      },
      body: bodyOf(number),
      signal: AbortSignal.timeout(10_000),
    })
    return { status: response.status, text: await response.text() }
  }

  async function ask(number: number): Promise<string> {
    const key = keyOf(number)
    const deadline = Date.now() + GIVE_UP_MS
    for (let problem = ''; Date.now() < deadline; await wait(100)) {
      try {
        const response = await send(number)
        const { text } = response
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
      const twins = options.random.below(TWINS_IN) === 0 ? 2 : 1
      const requests = number % RACES_IN === 0 ? RACERS : twins
      const callIds = await Promise.all(Array.from({ length: requests }, () => ask(number)))
      return { key: keyOf(number), callIds }
    },
    async tryCreate(number) {
      try {
        const { status, text } = await send(number)
        return status === 201 ? null : `${status} ${text}`
      } catch (error) {
        return String(error)
      }
    },
  }
}

class Refused extends Error {
  override name = 'Refused'
}
