/** A sandbox control request that cannot be served. */
export class ControlError extends Error {
  override name = 'ControlError'
  readonly status: 400 | 404 | 409 | 413 | 422

  constructor(status: 400 | 404 | 409 | 413 | 422, message: string) {
    super(message)
    this.status = status
  }
}
