/** The repeated parts of route descriptions, and the two ways in which an answer may already be text. */
import { createRoute as createAnyRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import { ERROR_CODES, type ErrorCode, momentSchema, problemSchema, type Scope } from '@phonevoice/contracts'
import type { Context, MiddlewareHandler, TypedResponse } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import type { ApiDependencies, ApiEnv } from '../dependencies.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { throwOnInvalid } from '../validation-hook.ts'

export type Api = OpenAPIHono<ApiEnv>
/** Adds one route. */
export type AddRoute = (api: Api, dependencies: ApiDependencies) => void

export function createApi(): Api {
  return new OpenAPIHono<ApiEnv>({ defaultHook: throwOnInvalid })
}

/** What a route says of the key it takes, and what holds it to that. Made by `needs`. */
interface Needs {
  security: [{ bearer: [Scope] }]
  middleware: MiddlewareHandler<ApiEnv>
}

/** The scope that a key must have for a route: described and enforced by the same word. */
export function needs(scope: Scope): Needs {
  return { security: [{ bearer: [scope] }], middleware: requireScope(scope) }
}

/** Describes a route. One under `/v1` without `...needs(scope)` does not compile. */
export function createRoute<P extends string, R extends Omit<RouteConfig, 'path'> & { path: P }>(
  route: R & (R['path'] extends `/v1/${string}` ? Needs : unknown),
) {
  return createAnyRoute<P, R>(route)
}

export function answer<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } } as const
}

/** Error answers for a route's `responses`; of each status its codes are listed. */
export function problems(...codes: ErrorCode[]): Record<never, never> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set<ErrorCode>([...codes, 'internal_error', 'not_ready'])) {
    const { status } = ERROR_CODES[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const entries = [...byStatus].sort(([one], [other]) => one - other)
  return Object.fromEntries(
    entries.map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  )
}

/** The errors of every route that needs a key. */
export const KEY_PROBLEMS = [
  'missing_api_key',
  'invalid_api_key',
  'api_key_expired',
  'insufficient_scope',
  'rate_limited',
] as const
/** The errors of every route that takes a body. */
export const BODY_PROBLEMS = [
  'invalid_json',
  'body_too_large',
  'unsupported_media_type',
  'invalid_request',
] as const

function idParam(example: string, description: string) {
  return z.object({ id: z.string().max(100).meta({ description, example }) })
}

export const callParam = idParam('call_01jd3v9x6k8m2n4p6q8r0s2t4v', 'The call.')
export const assistantParam = idParam('asst_01jd3v9x6k8m2n4p6q8r0s2t4v', 'The assistant.')
export const endpointParam = idParam('endp_01jd3v9x6k8m2n4p6q8r0s2t4v', 'The webhook endpoint.')
export const deliveryParam = idParam('dlv_01jd3v9x6k8m2n4p6q8r0s2t4v', 'The delivery.')
export const doNotCallParam = idParam('dnc_01jd3v9x6k8m2n4p6q8r0s2t4v', 'The entry of the list.')
export const apiKeyParam = idParam('key_01jd3v9x6k8m2n4p6q8r0s2t4v', 'The API key.')
export const phoneNumberParam = idParam('num_01jd3v9x6k8m2n4p6q8r0s2t4v', 'The phone number.')

/** A moment in a query string. */
export const timeQuery = momentSchema.transform((text) => new Date(text))

/** Which page of a list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(20).meta({ description: 'Items on a page.' }),
  cursor: z.string().min(1).max(500).optional().meta({ description: '`next_cursor` of the page before.' }),
}

/** A page in its public shape. */
export function toList<T>(page: { items: T[]; nextCursor: string | null }) {
  return {
    object: 'list' as const,
    data: page.items,
    has_more: page.nextCursor !== null,
    next_cursor: page.nextCursor,
  }
}

/**
 * An answer whose JSON exists as text already: re-serialising it could change its bytes. Whoever calls vouches that the text has the shape the
 * route describes; the compiler cannot look into it.
 */
export function jsonText<T, S extends ContentfulStatusCode>(
  c: Context<ApiEnv>,
  text: string,
  status: S,
): TypedResponse<T, S, 'json'> {
  return c.body(text, status, { 'Content-Type': 'application/json' }) as unknown as TypedResponse<
    T,
    S,
    'json'
  >
}

/** An answer that is not JSON, for a route that describes another type: described types other than JSON are not checked. */
export function otherBody(response: Response): never {
  return response as never
}
