import type { HttpMethod } from '../twiml/parse.ts'
import { RestError } from './rest-error.ts'

/** Parameters of one request: the form of a POST, the query of a GET. Names are case sensitive. */
export class Form {
  readonly #params: URLSearchParams

  constructor(text: string) {
    this.#params = new URLSearchParams(text)
  }

  has(name: string): boolean {
    return this.#params.has(name)
  }

  /** Undefined when absent or empty. */
  text(name: string): string | undefined {
    return this.#params.get(name) || undefined
  }

  /** Repeated keys, or one value with spaces: both are documented. */
  list(name: string): string[] {
    return this.#params.getAll(name).flatMap((value) => value.split(/\s+/).filter(Boolean))
  }

  boolean(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase()
    return value === undefined ? undefined : value === 'true'
  }

  method(name: string): HttpMethod {
    const value = this.text(name)?.toUpperCase() ?? 'POST'
    if (value !== 'GET' && value !== 'POST')
      throw new RestError(400, 21209, `${name} is not a valid HTTP method`)
    return value
  }

  /** An absolute http(s) URL; `code` is what a bad one costs. */
  url(name: string, code: number): string | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) {
      throw new RestError(400, code, `${name} is not a valid URL: ${value}`)
    }
    return value
  }

  /** A whole number within bounds; `code` is what a bad one costs. */
  integer(name: string, bounds: { min: number; max: number; code: number }): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = Number(value)
    if (!Number.isInteger(number) || number < bounds.min || number > bounds.max) {
      throw new RestError(400, bounds.code, `${name} is out of range: ${value}`)
    }
    return number
  }
}
