/** Sends one kind of request from many connections for a while, and times every answer. Runs in a process of its own. */
import { randomUUID } from 'node:crypto'
import autocannon from 'autocannon'
import { type Spread, spreadOf } from '../harness/figures.ts'
import { serveJobs } from '../harness/serve-jobs.ts'

export interface HttpLoad {
  url: string
  method: 'GET' | 'POST'
  headers: Record<string, string>
  body?: string
  /** Adds an `Idempotency-Key` of its own to each request. */
  hasKeys?: boolean
  connections: number
  seconds: number
}

export interface HttpLoaded {
  /** From the first request to the last answer. */
  seconds: number
  answers: Record<string, number>
  /** No answer at all. */
  errors: number
  latencyMs: Spread
}

serveJobs({
  async load(input: HttpLoad): Promise<HttpLoaded> {
    const latencies: number[] = []
    const answers: Record<string, number> = {}
    let errors = 0
    const startedAt = performance.now()
    const headers = { ...input.headers }
    const options: autocannon.Options = {
      url: input.url,
      connections: input.connections,
      duration: input.seconds,
      timeout: 10,
      requests: [
        {
          method: input.method,
          headers,
          ...(input.body === undefined ? {} : { body: input.body }),
          ...(input.hasKeys
            ? {
                setupRequest: (request) => ({
                  ...request,
                  headers: { ...headers, 'idempotency-key': randomUUID() },
                }),
              }
            : {}),
        },
      ],
    }
    await new Promise<void>((resolve, reject) => {
      const load = autocannon(options, (error) => (error ? reject(error) : resolve()))
      load.on('response', (_client, status, _bytes, responseMs) => {
        answers[status] = (answers[status] ?? 0) + 1
        latencies.push(responseMs)
      })
      load.on('reqError', () => errors++)
    })
    return {
      seconds: (performance.now() - startedAt) / 1000,
      answers,
      errors,
      latencyMs: spreadOf(latencies),
    }
  },
})
