import { Agent, request as undiciRequest } from 'undici'

/** HTTP to servers that the operator chose, such as speech and language providers. Their addresses are not judged: users' URLs go through the guarded client. */
export interface ProviderClient {
  fetch(url: string, request: ProviderRequest): Promise<ProviderAnswer>
  close(): Promise<void>
}

export interface ProviderRequest {
  /** Default GET. */
  method?: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body?: string
  signal: AbortSignal | null
}

/** What a `Response` has in common with it: a body that can be iterated, and read as text instead. */
export interface ProviderAnswer {
  readonly ok: boolean
  readonly status: number
  readonly headers: Headers
  readonly body: AsyncIterable<Uint8Array>
  text(): Promise<string>
}

/** Between two turns of a slow caller: the next words of the assistant must not wait for a new connection and its TLS handshake. */
const IDLE_TIMEOUT_MS = 90_000

/**
 * Differs from the platform's `fetch` in two things. That closes an idle connection after four seconds, unless the server asks for another time, and this
 * after `idleTimeoutMs` (default 90,000); a server's own wish counts here too. And bodies are streams of Node, not of the web: for an answer in many small
 * pieces, as all of them are, that is less than half of the work. Redirects are not followed.
 */
export function createProviderClient(options: { idleTimeoutMs?: number } = {}): ProviderClient {
  const agent = new Agent({ keepAliveTimeout: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS })
  return {
    async fetch(url, { method = 'GET', headers, body = null, signal }) {
      const answer = await undiciRequest(url, { method, headers, body, signal, dispatcher: agent })
      // Whoever reads is told of a failure; one that comes before or after must not end the process.
      answer.body.on('error', () => {})
      return {
        ok: answer.statusCode >= 200 && answer.statusCode < 300,
        status: answer.statusCode,
        headers: toHeaders(answer.headers),
        body: answer.body,
        text: () => answer.body.text(),
      }
    },
    // Requests under way have their own deadlines, but nobody waits for them here.
    close: () => agent.destroy(),
  }
}

function toHeaders(fields: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  return headers
}
