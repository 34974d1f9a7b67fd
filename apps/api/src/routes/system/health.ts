import { z } from 'zod'
import { problemResponse } from '../../error-handler.ts'
import { type AddRoute, answer, createRoute, otherBody, problems } from '../describe.ts'

const statusSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })

const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'health',
  tags: ['System'],
  summary: 'Is the process alive?',
  responses: { 200: answer(statusSchema, 'It answers.') },
})

const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'ready',
  tags: ['System'],
  summary: 'Can it serve requests?',
  description: 'Asks the database. 503 while the process is shutting down, too.',
  responses: { 200: answer(statusSchema, 'It can.'), ...problems('not_ready') },
})

/** A load balancer gives up on its own; an answer of ours is more useful. */
const DATABASE_ANSWER_MS = 2000

export const addHealth: AddRoute = (api, { draining, timers }) => {
  api.openapi(healthRoute, (c) => c.json({ status: 'ok' as const }, 200))

  api.openapi(readyRoute, async (c) => {
    const { db } = c.get('context')
    let giveUp = () => {}
    const late = new Promise<false>((resolve) => {
      giveUp = () => resolve(false)
    })
    const timer = timers.after(DATABASE_ANSWER_MS, () => giveUp())
    const asked = db.sql`select 1`.then(
      () => true,
      () => false,
    )
    const isUp = !draining.aborted && (await Promise.race([asked, late]))
    timer.cancel()
    if (isUp) return c.json({ status: 'ok' as const }, 200)
    const detail = draining.aborted ? 'The process is shutting down.' : 'The database does not answer.'
    return otherBody(problemResponse(c, 'not_ready', detail, c.get('requestId')))
  })
}
