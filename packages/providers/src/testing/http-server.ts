/** A real HTTP server on loopback for the adapters' tests; each test says what it answers. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedRequest {
  method: string
  /** Path with query. */
  url: string
  headers: IncomingHttpHeaders
  body: string
  /** True once the connection was given up before the answer was complete. */
  isGivenUp: boolean
}

export type Answer = (response: ServerResponse, request: ReceivedRequest) => void | Promise<void>

export interface LoopbackServer {
  /** `http://127.0.0.1:<port>` */
  origin: string
  requests: ReceivedRequest[]
  /** Answers for the requests to come, in order; the last one stays. */
  answerWith(...answers: Answer[]): void
  close(): Promise<void>
}

export async function startHttpServer(...initial: Answer[]): Promise<LoopbackServer> {
  let answers = initial
  const requests: ReceivedRequest[] = []
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const request: ReceivedRequest = {
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
      isGivenUp: false,
    }
    response.on('close', () => {
      request.isGivenUp = !response.writableFinished
    })
    requests.push(request)
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (answer) await answer(response, request)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answerWith: (...next) => {
      answers = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers with a status and a JSON body. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

/** Answers with these bytes, each piece flushed on its own. */
export function pieces(
  contentType: string,
  chunks: readonly (string | Uint8Array)[],
  end: 'end' | 'hang' | 'reset' = 'end',
): Answer {
  return async (response) => {
    response.writeHead(200, { 'content-type': contentType })
    response.flushHeaders()
    for (const chunk of chunks) {
      response.write(chunk)
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (end === 'end') response.end()
    if (end === 'reset') response.destroy()
  }
}
