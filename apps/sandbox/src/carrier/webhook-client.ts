import { randomUUID } from 'node:crypto'
import { type Param, signRequest, withoutFragment } from './signature.ts'
import type { HttpMethod } from './twiml/parse.ts'

/** Redirects followed before giving up (error 11215). */
const REDIRECTS_MAX = 10
/** Largest document Twilio runs, 64 kB (error 11750); audio files may be longer. */
const TEXT_BYTES_MAX = 64 * 1024
const AUDIO_BYTES_MAX = 16 * 1024 * 1024

export interface WebhookRequest {
  url: string
  method: HttpMethod
  params: readonly Param[]
  /** Signs the request. */
  authToken: string
  /** Kept per call, as Twilio does: what `Set-Cookie` said comes back. */
  cookies?: Map<string, string>
  signal?: AbortSignal
}

export interface WebhookAnswer {
  status: number
  contentType: string
  body: Uint8Array
  /** Where the answer came from, after redirects. Relative URLs resolve against it. */
  url: string
}

/** A request that brought no usable answer. `code` is from Twilio's error dictionary (11200 and its neighbours). */
export class WebhookError extends Error {
  override name = 'WebhookError'
  readonly code: number
  /** No connection was made, so the server cannot have seen the request. */
  readonly isConnectFailure: boolean
  constructor(code: number, message: string, isConnectFailure = false) {
    super(message)
    this.code = code
    this.isConnectFailure = isConnectFailure
  }
}

export interface WebhookClient {
  /** Sends a signed form, follows redirects, and reads the answer. Throws `WebhookError`, or the signal's reason when aborted. */
  send(request: WebhookRequest): Promise<WebhookAnswer>
}

/** `timeoutMs` is for one whole exchange; Twilio never waits longer than 15 s. One retry, only when no connection was made. */
export function createWebhookClient({ timeoutMs }: { timeoutMs: number }): WebhookClient {
  return {
    async send(request) {
      const idempotencyToken = randomUUID()
      const deadline = AbortSignal.timeout(timeoutMs)
      const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline
      for (let attempt = 0; ; attempt++) {
        try {
          return await exchange(request, idempotencyToken, signal)
        } catch (error) {
          request.signal?.throwIfAborted()
          const failure = toWebhookError(error, deadline.aborted, timeoutMs)
          if (!failure.isConnectFailure || attempt > 0) throw failure
        }
      }
    },
  }
}

async function exchange(
  request: WebhookRequest,
  idempotencyToken: string,
  signal: AbortSignal,
): Promise<WebhookAnswer> {
  let url = withoutFragment(request.url)
  let method = request.method
  let params = request.params
  if (method === 'GET') url = appendQuery(url, params)
  for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
    const { target, authorization } = splitCredentials(url)
    const isPost = method === 'POST'
    const response = await fetch(target, {
      method,
      redirect: 'manual',
      signal,
      body: isPost ? new URLSearchParams(params as [string, string][]).toString() : null,
      headers: {
        'User-Agent': 'TwilioProxy/1.1',
        Accept: '*/*',
        'I-Twilio-Idempotency-Token': idempotencyToken,
        'X-Home-Region': 'us1',
        'X-Twilio-Signature': signRequest(request.authToken, url, isPost ? params : []),
        ...(isPost ? { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' } : {}),
        ...(authorization ? { Authorization: authorization } : {}),
        ...cookieHeader(request.cookies),
      },
    })
    keepCookies(response, request.cookies)
    const location = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && location) {
      await response.body?.cancel()
      url = new URL(location, url).href
      if (response.status < 307) {
        method = 'GET'
        params = []
      }
      continue
    }
    const contentType = (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
    const limit = contentType.startsWith('audio/') ? AUDIO_BYTES_MAX : TEXT_BYTES_MAX
    return { status: response.status, contentType, body: await readBody(response, limit), url }
  }
  throw new WebhookError(11215, 'Too many HTTP redirects')
}

async function readBody(response: Response, limitBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of response.body ?? []) {
    sizeBytes += part.length
    if (sizeBytes > limitBytes) throw new WebhookError(11750, 'The response body is too large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function appendQuery(url: string, params: readonly Param[]): string {
  const query = new URLSearchParams(params as [string, string][]).toString()
  if (query === '') return url
  return `${url}${url.includes('?') ? '&' : '?'}${query}`
}

/** Credentials in a URL are signed but travel in the Authorization header. */
function splitCredentials(url: string): { target: string; authorization: string | null } {
  const parsed = new URL(url)
  if (!parsed.username && !parsed.password) return { target: url, authorization: null }
  const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`
  parsed.username = ''
  parsed.password = ''
  return { target: parsed.href, authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function cookieHeader(cookies: Map<string, string> | undefined): Record<string, string> {
  if (!cookies || cookies.size === 0) return {}
  return { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
}

function keepCookies(response: Response, cookies: Map<string, string> | undefined): void {
  if (!cookies) return
  for (const line of response.headers.getSetCookie()) {
    const [name, value] = line.split(';')[0]!.split('=')
    if (name && value !== undefined && cookies.size < 20) cookies.set(name.trim(), value.trim())
  }
}

const CONNECT_FAILURES: Readonly<Record<string, number>> = {
  ECONNREFUSED: 11205,
  EHOSTUNREACH: 11205,
  ENETUNREACH: 11205,
  ETIMEDOUT: 11205,
  UND_ERR_CONNECT_TIMEOUT: 11205,
  ENOTFOUND: 11210,
  EAI_AGAIN: 11210,
}

function toWebhookError(error: unknown, isLate: boolean, timeoutMs: number): WebhookError {
  if (error instanceof WebhookError) return error
  if (isLate) return new WebhookError(11200, `No answer within ${timeoutMs} ms`)
  const cause = error instanceof Error ? (error.cause ?? error) : error
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  const connectCode = CONNECT_FAILURES[code]
  if (connectCode) return new WebhookError(connectCode, `Could not connect: ${code}`, true)
  if (error instanceof TypeError && code === 'ERR_INVALID_URL')
    return new WebhookError(11100, 'Invalid URL format')
  return new WebhookError(11206, `HTTP protocol violation: ${code || String(cause)}`)
}
