/** An answer of the REST API that is an error: `{ code, message, more_info, status }`. */
export class RestError extends Error {
  override name = 'RestError'
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }

  toResponse(): Response {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' }
    if (this.status === 401) headers['WWW-Authenticate'] = 'Basic realm="Twilio API"'
    const body = {
      code: this.code,
      message: this.message,
      more_info: `https://www.twilio.com/docs/errors/${this.code}`,
      status: this.status,
    }
    return new Response(JSON.stringify(body), { status: this.status, headers })
  }
}

export function notFound(path: string): RestError {
  return new RestError(404, 20404, `The requested resource ${path} was not found`)
}
