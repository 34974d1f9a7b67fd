/** An error as some vendor words it; the body is sent as JSON. */
export abstract class VendorError extends Error {
  abstract readonly status: number
  abstract readonly headers: Readonly<Record<string, string>>
  abstract readonly body: object
}
