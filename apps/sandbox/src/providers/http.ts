import { randomBytes } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import type { Log, Timers } from '@phonevoice/base'
import type { Context } from 'hono'
import { BodyTooLarge, readBody } from '../read-body.ts'
import { ApiError } from './api-error.ts'
import type { Fault, FaultControl } from './faults.ts'
import type { Latencies } from './latencies.ts'
import type { RequestLog } from './request-log.ts'

/** What every simulated vendor endpoint shares. */
export interface ProviderContext {
  faults: FaultControl
  requests: RequestLog
  latencies: Latencies
  /** Speak audibly where the machine can. */
  isAudible: boolean
  timers: Timers
  log: Log
  /** Aborts when the server closes. */
  closing: AbortSignal
}

export type HonoContext = Context<{ Bindings: HttpBindings }>

/** Throws the 401 of the API unless a bearer key is there; any will do. */
export function requireKey(authorization: string | undefined): void {
  if (/^Bearer\s+\S+/i.test(authorization ?? '')) return
  throw new ApiError(401, "You didn't provide an API key. Send it as: Authorization: Bearer YOUR_KEY.", {
    code: authorization ? 'invalid_api_key' : null,
  })
}

/** Larger requests are refused with 413. */
const BODY_BYTES_MAX = 4 * 1024 * 1024

/** The text of a request's body. */
export async function readText(c: HonoContext): Promise<string> {
  try {
    return (await readBody(c.env.incoming, BODY_BYTES_MAX)).toString('utf8')
  } catch (error) {
    throw error instanceof BodyTooLarge ? new ApiError(413, error.message) : error
  }
}

/** Parses a JSON body or throws the API's 400. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiError(400, 'We could not parse the JSON body of your request.')
  }
}

/** The error a `status` fault stands for. */
export function toFaultError(fault: Fault): ApiError {
  return new ApiError(fault.status, fault.message, {
    code: fault.code,
    headers: fault.retry_after_seconds === null ? {} : { 'retry-after': String(fault.retry_after_seconds) },
  })
}

/** Aborts when the client goes away before the response is finished, or when the server closes. */
export function clientSignal(c: HonoContext, closing: AbortSignal): AbortSignal {
  const gone = new AbortController()
  const { outgoing } = c.env
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  return AbortSignal.any([gone.signal, closing])
}

/** Headers on every answer of the API. */
export function commonHeaders(processingMs: number): Record<string, string> {
  return {
    'x-request-id': `req_${randomBytes(16).toString('hex')}`,
    'openai-processing-ms': String(Math.round(processingMs)),
    'openai-version': '2020-10-01',
  }
}
