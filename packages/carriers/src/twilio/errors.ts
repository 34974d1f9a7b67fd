/** Twilio's REST errors in our terms (Error and Warning Dictionary). The code decides; the HTTP status is the fallback. */
import { CarrierError, categoryOfStatus, type OutsideCategory } from '@phonevoice/base'
import type { CarrierRefusal } from '../contract/index.ts'

const CATEGORY_BY_CODE: Record<string, OutsideCategory> = {
  10001: 'authorization',
  10002: 'authorization',
  10004: 'rate-limit',
  20003: 'authentication',
  20008: 'authorization',
  20403: 'authorization',
  20404: 'not-found',
  20429: 'rate-limit',
  20500: 'server',
  20503: 'server',
  21210: 'authorization',
  21215: 'authorization',
  21216: 'authorization',
  21219: 'authorization',
}

const REFUSAL_BY_CODE: Record<string, CarrierRefusal> = {
  10001: 'account',
  10002: 'account',
  10004: 'busy',
  20003: 'account',
  20008: 'account',
  20403: 'account',
  20429: 'busy',
  21201: 'invalid-number',
  21210: 'caller-id',
  21211: 'invalid-number',
  21212: 'caller-id',
  21213: 'caller-id',
  21214: 'unreachable',
  21215: 'blocked',
  21216: 'blocked',
  21217: 'invalid-number',
  21219: 'blocked',
}

/** The error for an answer that is not a success. */
export function errorOfAnswer(operation: string, status: number, body: unknown): CarrierError {
  const code = readField(body, 'code')
  const vendorCode = typeof code === 'number' || typeof code === 'string' ? String(code) : undefined
  const message = readField(body, 'message') ?? readField(body, 'detail')
  return new CarrierError(`Twilio refused to ${operation}.`, {
    vendor: 'twilio',
    operation,
    category: (vendorCode && CATEGORY_BY_CODE[vendorCode]) || categoryOfStatus(status),
    status,
    ...(vendorCode === undefined ? {} : { vendorCode }),
    context: typeof message === 'string' ? { customer: { vendorMessage: message.slice(0, 500) } } : {},
  })
}

/** Errors of the system or of `fetch` that mean the request never left this machine's side of the connection. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The error for a request that got no usable answer. */
export function errorOfFailure(operation: string, cause: unknown, isTimeout: boolean): CarrierError {
  const systemCode = readField(readField(cause, 'cause'), 'code') ?? readField(cause, 'code')
  return new CarrierError(
    isTimeout
      ? `Twilio did not answer in time to ${operation}.`
      : `Twilio could not be reached to ${operation}.`,
    {
      vendor: 'twilio',
      operation,
      category: isTimeout ? 'timeout' : 'connectivity',
      cause,
      context: {
        neverSent: !isTimeout && typeof systemCode === 'string' && NEVER_SENT.has(systemCode),
        ...(typeof systemCode === 'string' ? { systemCode } : {}),
      },
    },
  )
}

/** True when the carrier may have done what was asked although we got an error: look it up before asking again. */
export function isOutcomeUnknown(error: CarrierError): boolean {
  if (error.category === 'rate-limit') return false
  return error.retryable && error.context.neverSent !== true
}

/** Why a call was not taken. */
export function refusalOf(error: CarrierError): CarrierRefusal {
  const byCode = error.vendorCode === undefined ? undefined : REFUSAL_BY_CODE[error.vendorCode]
  if (byCode) return byCode
  if (error.category === 'authentication' || error.category === 'authorization') return 'account'
  return error.category === 'rate-limit' ? 'busy' : 'other'
}

function readField(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
