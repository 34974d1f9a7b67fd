/**
 * Sends the API requests made from its own description, good and bad, and holds every answer against that description: no fault of ours, every error a
 * problem with a documented code, every success of the documented shape. The server, its database and the sockets are real.
 */
import { startTestServer } from '../../apps/api/src/testing/test-server.ts'
import { createRandom } from '../random.ts'
import { createJudge } from './judge.ts'
import { readApi } from './operations.ts'
import { createRequests, type Kind } from './requests.ts'

export interface FuzzOptions {
  postgresUrl: string
  requests: number
  seed: number
  say(line: string): void
}

export interface FuzzReport {
  /** One line each, the first few of each kind. */
  violations: string[]
  /** How many requests of each kind got an answer of each class, such as `2xx`. */
  answers: Record<Kind, Record<string, number>>
  /** Operations that were answered with success at least once, of all. */
  succeeded: number
  operations: number
}

/** The clock stands still otherwise, and rate limits with it. */
const MS_BETWEEN = 50
const AT_ONCE = 4
const VIOLATIONS_MAX = 50

export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const api = readApi()
  const judge = createJudge(api)
  const server = await startTestServer(options.postgresUrl)
  const requests = createRequests(api, {
    random: createRandom(options.seed),
    seed: options.seed,
    // Mostly good ones: a refused request says little about the route.
    keys: [
      ...Array<string>(30).fill(server.mine.testKey),
      server.mine.liveKey,
      server.mine.liveKey,
      server.mine.revokedKey,
    ],
    // The run must not revoke what it lives on.
    spared: new Set((await server.db.sql<{ id: string }[]>`select id from api_keys`).map(({ id }) => id)),
  })
  requests.learn(JSON.stringify([server.mine.assistantId, server.theirs.assistantId]))
  const answers: FuzzReport['answers'] = { valid: {}, boundary: {}, mutated: {}, confused: {}, broken: {} }
  const violations = new Map<string, string>()
  const succeeded = new Set<unknown>()
  let sent = 0

  async function sendSome(): Promise<void> {
    while (sent < options.requests) {
      sent++
      if (sent % 10_000 === 0) options.say(`${sent} requests`)
      server.clock.advance(MS_BETWEEN)
      const request = requests.next()
      const { operation, kind } = request
      const response = await fetch(server.url + request.target, {
        method: operation.method,
        headers: request.headers,
        redirect: 'manual',
        body: request.body,
      })
      const answer = {
        status: response.status,
        type: response.headers.get('content-type') ?? '',
        text: await response.text(),
      }
      const outcome = `${Math.floor(answer.status / 100)}xx`
      answers[kind][outcome] = (answers[kind][outcome] ?? 0) + 1
      if (answer.status < 300) {
        succeeded.add(operation)
        requests.learn(answer.text)
      }
      const wrong = judge(request, answer)
      if (wrong === null) continue
      const what = `${operation.method} ${operation.path}: ${wrong}`
      if (violations.size < VIOLATIONS_MAX && !violations.has(what))
        violations.set(what, `${what} — ${request.target} ${(request.body ?? '').slice(0, 500)}`)
    }
  }

  try {
    await Promise.all(Array.from({ length: AT_ONCE }, sendSome))
    return {
      violations: [...violations.values()],
      answers,
      succeeded: succeeded.size,
      operations: api.operations.length,
    }
  } finally {
    await server.close()
  }
}
