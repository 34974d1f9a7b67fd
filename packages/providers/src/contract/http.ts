/**
 * As much of `fetch` as adapters of vendors with HTTP need. The platform's `fetch` fits, and so does one that costs a fraction of it, since the answers of
 * language models and voices come in many small pieces and a platform's `Response` makes a web stream of them.
 */
export type HttpSend = (url: string, request: HttpRequest) => Promise<HttpAnswer>

export interface HttpRequest {
  /** Default GET. */
  method?: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body?: string
  /** Ends the request, whether or not the answer has begun. */
  signal: AbortSignal | null
}

export interface HttpAnswer {
  /** A status of 2xx. */
  readonly ok: boolean
  readonly status: number
  readonly headers: Headers
  /** In the pieces in which it comes. Leaving the iteration early gives the connection up. */
  readonly body: AsyncIterable<Uint8Array> | null
  /** All of the body. Throws when it breaks off. */
  text(): Promise<string>
}
