import { Agent, fetch as undiciFetch } from 'undici'

/** HTTP to servers that the operator chose, such as speech and language providers. Their addresses are not judged: users' URLs go through the guarded client. */
export interface ProviderClient {
  fetch: typeof globalThis.fetch
  close(): Promise<void>
}

/** Between two turns of a slow caller: the next words of the assistant must not wait for a new connection and its TLS handshake. */
const IDLE_TIMEOUT_MS = 90_000

/**
 * Differs from the platform's `fetch` in one thing: that closes an idle connection after four seconds, unless the server asks for another time, and this
 * after `idleTimeoutMs` (default 90,000). A server's own wish counts here too.
 */
export function createProviderClient(options: { idleTimeoutMs?: number } = {}): ProviderClient {
  const agent = new Agent({ keepAliveTimeout: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS })
  const fetch = (input: Parameters<typeof undiciFetch>[0], init?: Parameters<typeof undiciFetch>[1]) =>
    undiciFetch(input, { ...init, dispatcher: agent })
  return {
    // undici's fetch is the one Node ships; only the names of the types differ.
    fetch: fetch as unknown as typeof globalThis.fetch,
    // Requests under way have their own deadlines, but nobody waits for them here.
    close: () => agent.destroy(),
  }
}
