import { toDocument } from '../openapi.ts'
import type { Api } from '../routes/describe.ts'
import { REFERENCE_STYLE } from './reference-style.ts'
import { renderReference } from './render-reference.ts'

const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'public, max-age=300',
}

/** `/openapi.json` and a reference page made from it that loads nothing from elsewhere. Call it when all routes are added. */
export function addDocs(api: Api): void {
  const document = toDocument(api)
  const json = JSON.stringify(document, null, 2)
  const page = renderReference(document)
  const serve = (path: string, type: string, body: string) =>
    api.get(path, (c) => c.body(body, 200, { 'Content-Type': type, ...SECURITY_HEADERS }))
  serve('/openapi.json', 'application/json', json)
  serve('/docs', 'text/html; charset=utf-8', page)
  serve('/docs/style.css', 'text/css; charset=utf-8', REFERENCE_STYLE)
}
