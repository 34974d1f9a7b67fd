/** Why a request to a user's URL got no answer. */
export type OutboundErrorCode =
  /** The URL's form or port is not acceptable. */
  | 'invalid-url'
  /** The URL leads to an address that is not public and not opened by configuration. */
  | 'blocked-address'
  | 'dns'
  | 'connect-timeout'
  /** The whole exchange took too long. */
  | 'timeout'
  /** Nobody accepted the connection. */
  | 'connect'
  | 'tls'
  /** The connection broke off. */
  | 'reset'
  /** What came back is not HTTP. */
  | 'protocol'
  /** The caller gave up. */
  | 'aborted'
  | 'unknown'

/** Thrown for every failure. The message is safe to show to the owner of the URL: it names no address inside our network. */
export class OutboundError extends Error {
  override name = 'OutboundError'
  readonly code: OutboundErrorCode

  constructor(code: OutboundErrorCode, cause?: unknown) {
    super(SENTENCES[code], cause === undefined ? undefined : { cause })
    this.code = code
  }
}

const SENTENCES: Record<OutboundErrorCode, string> = {
  'invalid-url':
    'The URL cannot be called: it must be http or https on port 80 or 443, without user name and password.',
  'blocked-address': 'The URL leads to an address that may not be called.',
  dns: "The URL's host name could not be resolved.",
  'connect-timeout': 'The connection was not accepted in time.',
  timeout: 'The answer was not complete in time.',
  connect: 'The connection was refused or the host could not be reached.',
  tls: 'The TLS handshake failed.',
  reset: 'The connection was closed before the answer was complete.',
  protocol: 'The answer was not valid HTTP.',
  aborted: 'The request was given up.',
  unknown: 'The request failed.',
}

/** Turns whatever the HTTP client threw into an `OutboundError`. */
export function toOutboundError(error: unknown): OutboundError {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause instanceof OutboundError) return cause
    if (cause instanceof AggregateError && cause.errors.length > 0) return toOutboundError(cause.errors[0])
    const code = codeOf(cause)
    if (code !== null) return new OutboundError(code, error)
  }
  return new OutboundError('unknown', error)
}

function codeOf(error: Error): OutboundErrorCode | null {
  const code = (error as NodeJS.ErrnoException).code
  if (error.name === 'AbortError') return 'aborted'
  if (error.name === 'HTTPParserError') return 'protocol'
  if (typeof code !== 'string') return null
  if (CODES[code]) return CODES[code]
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ERR_OSSL)/.test(code)) return 'tls'
  return null
}

const CODES: Readonly<Record<string, OutboundErrorCode>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  ENODATA: 'dns',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  EADDRNOTAVAIL: 'connect',
  EPROTO: 'tls',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_ABORTED: 'aborted',
  UND_ERR_DESTROYED: 'aborted',
  UND_ERR_CLOSED: 'aborted',
}
