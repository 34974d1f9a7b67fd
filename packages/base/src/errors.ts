/** Values that help the one who reads the log; never shown to a customer unless the transport chooses to. What may be personal, under `customer`. */
export type ErrorContext = Record<string, unknown>

/** One thing wrong with a request. `pointer` is a JSON Pointer (RFC 6901) into the body, or `query/<name>`, `path/<name>`, `header/<name>`. */
export interface FieldProblem {
  pointer: string
  message: string
}

interface AppErrorOptions {
  context?: ErrorContext
  cause?: unknown
  retryable?: boolean
  fields?: readonly FieldProblem[]
}

/** The root of every error we throw on purpose. `code` is stable and documented in `docs/errors.md`. */
export class AppError extends Error {
  readonly code: string
  readonly context: ErrorContext
  readonly retryable: boolean
  readonly fields: readonly FieldProblem[]

  constructor(code: string, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.context = options.context ?? {}
    this.retryable = options.retryable ?? false
    this.fields = options.fields ?? []
  }
}

/** The request cannot be understood or breaks a rule; repeating it unchanged cannot help. */
export class InvalidInput extends AppError {}
/** No valid credentials. */
export class Unauthenticated extends AppError {}
/** Valid credentials, but not for this. */
export class Forbidden extends AppError {}
/** No such thing, or not in the caller's organization: the two look the same from outside. */
export class NotFound extends AppError {}
/** The thing is in a state that does not allow this. */
export class Conflict extends AppError {}
/** A limit was reached; `context.retryAfterSeconds` says when to come back where that is known. */
export class LimitExceeded extends AppError {}
/** Something must be set up first. */
export class PreconditionFailed extends AppError {}
/** Ours to fix. */
export class InternalError extends AppError {
  constructor(message: string, options: AppErrorOptions = {}) {
    super('internal_error', message, options)
  }
}

/** Why an outside system failed, whoever it is. */
export type OutsideCategory =
  | 'authentication'
  | 'authorization'
  | 'invalid-request'
  | 'not-found'
  | 'rate-limit'
  | 'quota'
  | 'timeout'
  | 'connectivity'
  | 'server'
  | 'unknown'

const PERMANENT: ReadonlySet<OutsideCategory> = new Set([
  'authentication',
  'authorization',
  'invalid-request',
  'not-found',
  'quota',
])

/** Whether repeating the same request could succeed. */
export function isRetryableCategory(category: OutsideCategory): boolean {
  return !PERMANENT.has(category)
}

/** Maps an HTTP status to a category; adapters refine it with the vendor's own code. */
export function categoryOfStatus(status: number): OutsideCategory {
  if (status === 401) return 'authentication'
  if (status === 403) return 'authorization'
  if (status === 404) return 'not-found'
  if (status === 402) return 'quota'
  if (status === 408 || status === 504) return 'timeout'
  if (status === 429) return 'rate-limit'
  if (status >= 500) return 'server'
  if (status >= 400) return 'invalid-request'
  return 'unknown'
}

interface OutsideErrorOptions {
  vendor: string
  operation: string
  category: OutsideCategory
  status?: number
  /** The vendor's own error code, as text. */
  vendorCode?: string
  cause?: unknown
  context?: ErrorContext
}

abstract class OutsideError extends AppError {
  readonly vendor: string
  readonly operation: string
  readonly category: OutsideCategory
  readonly status: number | undefined
  readonly vendorCode: string | undefined

  constructor(code: string, message: string, options: OutsideErrorOptions) {
    super(code, message, {
      retryable: isRetryableCategory(options.category),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
      ...(options.context === undefined ? {} : { context: options.context }),
    })
    this.vendor = options.vendor
    this.operation = options.operation
    this.category = options.category
    this.status = options.status
    this.vendorCode = options.vendorCode
  }
}

/** A carrier refused or could not be reached. */
export class CarrierError extends OutsideError {
  constructor(message: string, options: OutsideErrorOptions) {
    super('carrier_error', message, options)
  }
}

/** A speech or language vendor refused, broke off or could not be reached. */
export class ProviderError extends OutsideError {
  constructor(message: string, options: OutsideErrorOptions) {
    super('provider_error', message, options)
  }
}
