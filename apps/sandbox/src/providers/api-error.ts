import type { z } from 'zod'
import { VendorError } from './vendor-error.ts'

/** An error as the OpenAI HTTP API words it (API reference, "Error codes"): `{"error":{message,type,param,code}}`. */
export class ApiError extends VendorError {
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly code: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    message: string,
    details: {
      type?: string
      param?: string | null
      code?: string | null
      headers?: Record<string, string>
    } = {},
  ) {
    super(message)
    this.status = status
    this.type = details.type ?? typeOfStatus(status)
    this.param = details.param ?? null
    this.code = details.code ?? null
    this.headers = details.headers ?? {}
  }

  override get body(): {
    error: { message: string; type: string; param: string | null; code: string | null }
  } {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } }
  }
}

/** The 400 for a body that does not fit. */
export function toInvalidRequest(error: z.ZodError): ApiError {
  const issue = error.issues[0]
  const param = issue ? issue.path.join('.') : ''
  return new ApiError(
    400,
    `Invalid request${param ? ` at '${param}'` : ''}: ${issue?.message ?? 'not understood'}.`,
    {
      param: param || null,
    },
  )
}

function typeOfStatus(status: number): string {
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
