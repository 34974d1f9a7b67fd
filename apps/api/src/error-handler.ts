import { AppError, CarrierError, type FieldProblem } from '@phonevoice/base'
import { ERROR_CODES, type ErrorCode } from '@phonevoice/contracts'
import { isDatabaseUnreachable } from '@phonevoice/db'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ApiEnv } from './dependencies.ts'
import { isErrorCode, toProblem } from './problem.ts'

interface PublicError {
  code: ErrorCode
  detail: string
  fields: readonly FieldProblem[]
}

/** The only place where an error becomes an HTTP answer: ours, the framework's, and everything else, of which nothing is shown. */
export function handleError(error: Error, c: Context<ApiEnv>): Response {
  const shown = toPublicError(error)
  const requestId = c.get('requestId')
  const wide = c.get('wide')
  if (wide) {
    wide.errorCode = shown.code
    if (ERROR_CODES[shown.code].status >= 500) wide.error = error
  }
  if (shown.code === 'not_ready') c.header('Retry-After', '1')
  // The rest of the body is not read: the connection cannot serve another request.
  if (shown.code === 'body_too_large') c.header('Connection', 'close')
  if (error instanceof AppError) {
    const { retryAfterSeconds, rangeSizeBytes } = error.context
    if (typeof retryAfterSeconds === 'number') c.header('Retry-After', String(Math.ceil(retryAfterSeconds)))
    if (shown.code === 'insufficient_scope') c.header('WWW-Authenticate', scopeChallenge(error))
    if (typeof rangeSizeBytes === 'number') c.header('Content-Range', `bytes */${rangeSizeBytes}`)
  }
  return problemResponse(c, shown.code, shown.detail, requestId, shown.fields)
}

/** RFC 6750, section 3.1. */
function scopeChallenge(error: AppError): string {
  const { missingScopes } = error.context
  const scope = Array.isArray(missingScopes) ? `, scope="${missingScopes.join(' ')}"` : ''
  return `Bearer error="insufficient_scope"${scope}`
}

/** An error answer that was not thrown. */
export function problemResponse(
  c: Context<ApiEnv>,
  code: ErrorCode,
  detail: string,
  requestId: string,
  fields: readonly FieldProblem[] = [],
): Response {
  const body = JSON.stringify(toProblem(code, detail, requestId, fields))
  return c.body(body, ERROR_CODES[code].status, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  })
}

function toPublicError(error: Error): PublicError {
  if (error instanceof CarrierError) return fromCarrier(error)
  if (error instanceof AppError && error.code !== 'internal_error' && isErrorCode(error.code))
    return { code: error.code, detail: error.message, fields: error.fields }
  if (error instanceof HTTPException) return fromFramework(error)
  if (isDatabaseUnreachable(error)) return { code: 'not_ready', detail: UNREACHABLE_DETAIL, fields: [] }
  return { code: 'internal_error', detail: INTERNAL_DETAIL, fields: [] }
}

const UNREACHABLE_DETAIL =
  'The database could not be reached. Repeat the request in a moment; with the same Idempotency-Key nothing happens twice.'
const INTERNAL_DETAIL = 'Try again; if it happens again, tell us the request_id.'

/** A carrier's own words are not for our users: only whose turn it is. */
function fromCarrier(error: CarrierError): PublicError {
  const isTheirs = error.category === 'authentication' || error.category === 'authorization'
  return isTheirs
    ? {
        code: 'carrier_not_configured',
        detail: 'The carrier does not accept the credentials of the carrier account: set them up again.',
        fields: [],
      }
    : {
        code: 'carrier_unavailable',
        detail:
          'The carrier could not be told, so what was asked is only half done. Repeat the request in a moment: that does no harm.',
        fields: [],
      }
}

/** What the framework itself refuses: bodies that are not JSON, too large, or of another type. */
function fromFramework(error: HTTPException): PublicError {
  switch (error.status) {
    case 400:
      return { code: 'invalid_json', detail: 'The body must be one JSON object.', fields: [] }
    case 413:
      return { code: 'body_too_large', detail: 'A body has at most 256 KB.', fields: [] }
    case 415:
      return { code: 'unsupported_media_type', detail: 'Send Content-Type: application/json.', fields: [] }
    case 404:
      return { code: 'not_found', detail: 'There is nothing here.', fields: [] }
    default:
      return { code: 'internal_error', detail: INTERNAL_DETAIL, fields: [] }
  }
}
