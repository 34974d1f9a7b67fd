import { systemClock, type Timers } from '@phonevoice/base'
import { Agent, fetch as undiciFetch } from 'undici'
import { parseAddressRange } from './address.ts'
import { OutboundError, toOutboundError } from './errors.ts'
import { exchange } from './exchange.ts'
import { createGuardedConnector, type ResolveName, resolveBySystem } from './guarded-connector.ts'

export interface GuardedClientOptions {
  /** Ranges that may be called although they are not public, on any port, e.g. `127.0.0.0/8`. For people who host the product themselves. */
  allowedRanges: readonly string[]
  /** Name resolution and the TCP (and TLS) handshake together. Default 5,000. */
  connectTimeoutMs?: number
  /** Connections to one origin; further requests wait, within their own time. Default 64. */
  connectionsPerOriginMax?: number
  /** An idle connection is closed after this long. Default 10,000. */
  idleTimeoutMs?: number
  /** Default: the system's. */
  timers?: Timers
  /** Tests answer names themselves. */
  resolve?: ResolveName
}

export interface OutboundRequest {
  url: string
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array | null
  /** From the call to the last byte that is read. Default 15,000. */
  totalTimeoutMs?: number
  /** What is read of the answer; then the connection is dropped. Default 16,384. */
  responseBytesMax?: number
  signal?: AbortSignal
}

export interface OutboundResponse {
  status: number
  /** Lower-case names; a header that came several times is joined by commas. */
  headers: Readonly<Record<string, string>>
  /** As text; at most `responseBytesMax` bytes. */
  bodyExcerpt: string
  isTruncated: boolean
}

/** HTTP to URLs that users gave us. Never follows redirects. */
export interface GuardedClient {
  /** Throws `OutboundError`. Any HTTP status is an answer, not an error. */
  request(request: OutboundRequest): Promise<OutboundResponse>
  /** `fetch` through the same guard, for streams; its failures are `OutboundError`s. Redirects come back as they are. Set a deadline with `signal`. */
  fetch: typeof globalThis.fetch
  close(): Promise<void>
}

export function createGuardedClient(options: GuardedClientOptions): GuardedClient {
  const connect = createGuardedConnector({
    opened: options.allowedRanges.map(parseAddressRange),
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    resolve: options.resolve ?? resolveBySystem,
  })
  const agent = new Agent({
    connect,
    connections: options.connectionsPerOriginMax ?? 64,
    keepAliveTimeout: options.idleTimeoutMs ?? 10_000,
    keepAliveMaxTimeout: 60_000,
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  })

  return {
    request: (request) => send(agent, options.timers ?? systemClock, request),
    fetch: guardedFetch(agent),
    // Requests under way have their own deadlines, but nobody waits for them here.
    close: () => agent.destroy(),
  }
}

async function send(agent: Agent, timers: Timers, request: OutboundRequest): Promise<OutboundResponse> {
  const { totalTimeoutMs = 15_000, responseBytesMax = 16_384 } = request
  const url = checkUrl(request.url)
  if (request.signal?.aborted) throw new OutboundError('aborted')
  const { answer, abort } = exchange(
    agent,
    {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: request.headers as Record<string, string>,
      body: request.body,
    },
    responseBytesMax,
  )
  // One deadline over everything, because a receiver that drips its answer never falls silent long enough for an idle timeout.
  const timer = timers.after(totalTimeoutMs, () => abort(new OutboundError('timeout')))
  const giveUp = () => abort(new OutboundError('aborted'))
  request.signal?.addEventListener('abort', giveUp, { once: true })
  try {
    const { status, headers, body, isTruncated } = await answer
    return {
      status,
      headers: joinHeaders(headers),
      bodyExcerpt: body.toString('utf8'),
      isTruncated,
    }
  } finally {
    timer.cancel()
    request.signal?.removeEventListener('abort', giveUp)
  }
}

/** The form a URL must have; its address is judged when it is connected to. */
function checkUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new OutboundError('invalid-url')
  return url
}

function joinHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const joined: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return joined
}

function guardedFetch(dispatcher: Agent): typeof globalThis.fetch {
  const fetch = async (input: string | URL | { url: string }, init?: Parameters<typeof undiciFetch>[1]) => {
    const url = checkUrl(typeof input === 'string' ? input : input instanceof URL ? input.href : input.url)
    try {
      return await undiciFetch(url, { ...init, dispatcher, redirect: 'manual' })
    } catch (error) {
      if (init?.signal?.aborted) throw error
      throw toOutboundError(error)
    }
  }
  // undici's fetch is the one Node ships; only the names of the types differ.
  return fetch as unknown as typeof globalThis.fetch
}
