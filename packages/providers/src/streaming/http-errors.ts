import { AppError, categoryOfStatus, type OutsideCategory, ProviderError } from '@phonevoice/base'
import { retryAfterMs } from './retry-once.ts'

/** What OpenAI-shaped servers say about a failure, in any of the forms they say it in. */
export interface ErrorDetail {
  message: string
  /** The vendor's code, or its type where there is no code; some servers send numbers. */
  code: string | null
  /** The request field that was refused. */
  param: string | null
  /** An HTTP status hidden in the body, as some gateways send under a 200. */
  status: number | null
}

/** Error texts are kept for the log; a page of HTML is not. */
const MESSAGE_LENGTH_MAX = 500

/** Reads `{error: {...}}`, `{error: "text"}`, `{message}`, `[{error}]`, or plain text. */
export function readErrorDetail(body: unknown): ErrorDetail {
  const outer = Array.isArray(body) ? body[0] : body
  const inner = isRecord(outer) && 'error' in outer ? outer.error : outer
  if (!isRecord(inner)) {
    return { message: typeof inner === 'string' ? cut(inner) : '', code: null, param: null, status: null }
  }
  const code = inner.code ?? inner.type ?? inner.status
  return {
    message: typeof inner.message === 'string' ? cut(inner.message) : '',
    code: typeof code === 'string' || typeof code === 'number' ? String(code) : null,
    param: typeof inner.param === 'string' ? inner.param : null,
    status: typeof inner.code === 'number' && inner.code >= 400 && inner.code < 600 ? inner.code : null,
  }
}

/** The category of an HTTP answer, refined by the vendor's code where the status says too little. */
export function categorize(status: number | null, code: string | null): OutsideCategory {
  if (code === 'insufficient_quota' || code === 'billing_hard_limit_reached' || code === 'quota_exceeded')
    return 'quota'
  if (code === 'invalid_api_key') return 'authentication'
  if (code === 'rate_limit_exceeded' || code === 'rate_limit_error') return 'rate-limit'
  if (code === 'model_not_found') return 'not-found'
  // A conflict or a lock; documented as worth repeating, unlike the rest of 4xx.
  if (status === 409) return 'server'
  if (status !== null) return categoryOfStatus(status)
  if (code === 'server_error' || code === 'overloaded' || code === 'slow_down') return 'server'
  if (code === 'invalid_request_error') return 'invalid-request'
  return 'unknown'
}

export interface AnswerErrorOptions {
  vendor: string
  operation: string
  /** Null when the failure came inside a stream that had begun with 200. */
  status: number | null
  body: unknown
  headers?: Headers | undefined
  cause?: unknown
}

/** The error for an answer that says it is one. */
export function errorOfAnswer({
  vendor,
  operation,
  status,
  body,
  headers,
  cause,
}: AnswerErrorOptions): ProviderError {
  const detail = readErrorDetail(body)
  const effective = status ?? detail.status
  const waitMs = retryAfterMs(headers)
  return new ProviderError(
    effective === null
      ? 'The provider broke off its answer with an error.'
      : `The provider answered with HTTP ${effective}.`,
    {
      vendor,
      operation,
      category: categorize(effective, detail.code),
      ...(effective === null ? {} : { status: effective }),
      ...(detail.code === null ? {} : { vendorCode: detail.code }),
      ...(cause === undefined ? {} : { cause }),
      context: {
        // Vendors like to repeat what they were sent.
        customer: { vendorMessage: detail.message },
        param: detail.param,
        requestId: headers?.get('x-request-id') ?? null,
        ...(waitMs === null ? {} : { retryAfterMs: waitMs }),
      },
    },
  )
}

/** The error for a request that got no answer. */
export function errorOfConnection(vendor: string, operation: string, cause: unknown): ProviderError {
  if (cause instanceof ProviderError) return cause
  // The guarded client refuses forbidden targets with an error of ours: repeating cannot help.
  const isRefusedByUs = cause instanceof AppError && !cause.retryable
  return new ProviderError(
    isRefusedByUs
      ? 'The provider may not be called.'
      : 'The provider could not be reached or broke off the connection.',
    { vendor, operation, category: isRefusedByUs ? 'invalid-request' : 'connectivity', cause },
  )
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function cut(text: string): string {
  return text.length > MESSAGE_LENGTH_MAX ? `${text.slice(0, MESSAGE_LENGTH_MAX)}…` : text
}
