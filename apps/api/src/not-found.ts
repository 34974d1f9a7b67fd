import type { Context } from 'hono'
import type { ApiEnv } from './dependencies.ts'
import { problemResponse } from './error-handler.ts'
import type { Api } from './routes/describe.ts'

/** Answers what no route takes: 405 with `Allow` where the path exists for another method, otherwise 404. Call it after all routes are added. */
export function answerUnknown(api: Api): (c: Context<ApiEnv>) => Response {
  const methodsByPattern = new Map<string, { matches: RegExp; methods: Set<string> }>()
  for (const { method, path } of api.routes) {
    if (method === 'ALL') continue
    const known = methodsByPattern.get(path) ?? { matches: toExpression(path), methods: new Set() }
    known.methods.add(method)
    methodsByPattern.set(path, known)
  }
  return function answerUnknown(c) {
    const methods = [...methodsByPattern.values()]
      .filter(({ matches }) => matches.test(c.req.path))
      .flatMap((known) => [...known.methods])
    if (methods.length === 0)
      return problemResponse(
        c,
        'not_found',
        'There is nothing at this address: see /docs.',
        c.get('requestId'),
      )
    const allowed = [...new Set(methods)].sort().join(', ')
    c.header('Allow', allowed)
    return problemResponse(c, 'method_not_allowed', `This address takes ${allowed}.`, c.get('requestId'))
  }
}

function toExpression(path: string): RegExp {
  const parts = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  return new RegExp(`^${parts.join('/')}$`)
}
