import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { ZodError } from 'zod'
import type { FaultControl, FaultInput } from './faults.ts'
import { readText } from './http.ts'
import type { RequestLog } from './request-log.ts'

/**
 * The sandbox's own routes, beside the vendors': `POST|GET|DELETE /sandbox/faults` orders, lists and clears faults; `GET|DELETE
 * /sandbox/requests?target=chat` shows and forgets what was asked.
 */
export function createControlRoutes(
  faults: FaultControl,
  requests: RequestLog,
): Hono<{ Bindings: HttpBindings }> {
  return new Hono<{ Bindings: HttpBindings }>()
    .post('/faults', async (c) => {
      try {
        faults.add(JSON.parse(await readText(c)) as FaultInput)
        return c.json({ faults: faults.list() }, 201)
      } catch (error) {
        if (error instanceof ZodError) return c.json({ error: error.issues }, 400)
        if (error instanceof RangeError || error instanceof SyntaxError)
          return c.json({ error: error.message }, 400)
        throw error
      }
    })
    .get('/faults', (c) => c.json({ faults: faults.list() }))
    .delete('/faults', (c) => {
      faults.clear()
      return c.body(null, 204)
    })
    .get('/requests', (c) => {
      const target = c.req.query('target')
      const entries = requests.entries.filter((entry) => target === undefined || entry.target === target)
      return c.json({ requests: entries })
    })
    .delete('/requests', (c) => {
      requests.clear()
      return c.body(null, 204)
    })
}
