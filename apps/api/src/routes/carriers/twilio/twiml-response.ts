import type { Context } from 'hono'
import type { ApiEnv } from '../../../dependencies.ts'

export function twiml(c: Context<ApiEnv>, document: string): Response {
  return c.body(document, 200, { 'Content-Type': 'text/xml; charset=utf-8', 'Cache-Control': 'no-store' })
}
