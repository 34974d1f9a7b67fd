import { VendorError } from '../vendor-error.ts'

/** An error as ElevenLabs words it: `{"detail":{"status","message"}}`. */
export class ElevenLabsError extends VendorError {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }

  override get body(): { detail: { status: string; message: string } } {
    return { detail: { status: this.code, message: this.message } }
  }
}
