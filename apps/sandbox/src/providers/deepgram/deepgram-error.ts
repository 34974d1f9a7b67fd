import { randomUUID } from 'node:crypto'
import type { Fault } from '../faults.ts'
import { VendorError } from '../vendor-error.ts'

/** An error as Deepgram words it ("Errors"): `{"err_code","err_msg","request_id"}`. */
export class DeepgramError extends VendorError {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  readonly #requestId = randomUUID()

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    // A header takes no line breaks and nothing beyond ASCII.
    const line = message.slice(0, 200).replace(/[^\x20-\x7e]/g, '?')
    this.headers = { 'dg-request-id': this.#requestId, 'dg-error': line, ...headers }
  }

  override get body(): { err_code: string; err_msg: string; request_id: string } {
    return { err_code: this.code, err_msg: this.message, request_id: this.#requestId }
  }
}

/** Throws the 401 unless `Authorization: Token …` or `Bearer …` is there; any key will do. */
export function requireToken(authorization: string | undefined): void {
  if (/^(Token|Bearer)\s+\S+/i.test(authorization ?? '')) return
  throw new DeepgramError(401, 'INVALID_AUTH', 'Invalid credentials.')
}

export function toDeepgramFault(fault: Fault): DeepgramError {
  const headers: Record<string, string> =
    fault.retry_after_seconds === null ? {} : { 'retry-after': String(fault.retry_after_seconds) }
  return new DeepgramError(fault.status, fault.code ?? 'INTERNAL_SERVER_ERROR', fault.message, headers)
}
