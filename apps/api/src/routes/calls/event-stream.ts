import { LimitExceeded } from '@phonevoice/base'
import { getCall, listEvents } from '@phonevoice/services/calls'
import { z } from 'zod'
import { streamCallEvents } from '../../stream-call-events.ts'
import {
  type AddRoute,
  callParam,
  createRoute,
  KEY_PROBLEMS,
  needs,
  otherBody,
  problems,
} from '../describe.ts'
import { showEvent } from './show-call.ts'

const sequence = z.coerce.number().int().min(0).max(2_147_483_647)

const route = createRoute({
  method: 'get',
  path: '/v1/calls/{id}/events/stream',
  operationId: 'streamCallEvents',
  tags: ['Calls'],
  summary: "Follow a call's events",
  description:
    'Server-sent events: first what has happened, then what happens. `id` is the sequence, `event` the type, `data` the bytes of the webhook. Ends after `call.completed`, and soon after the key is revoked or has expired. Reconnect with `Last-Event-ID` (browsers do) to go on where it broke off; 204 says that there is nothing more.',
  ...needs('calls:read'),
  request: {
    params: callParam,
    query: z.strictObject({
      after: sequence.optional().meta({ description: 'Only events with a higher `sequence`.' }),
    }),
    headers: z.object({
      'Last-Event-ID': sequence.optional().meta({ description: 'As `after`; wins over it.' }),
    }),
  },
  responses: {
    200: { description: 'The stream.', content: { 'text/event-stream': { schema: z.string() } } },
    204: { description: 'The call is complete and every event up to `after` is all there is.' },
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'not_found', 'rate_limited'),
  },
})

/** Each reader keeps a connection and a timer. */
const STREAMS_MAX = 1000

export const addStreamCallEvents: AddRoute = (api, { feed, timers, draining }) => {
  let open = 0
  api.openapi(route, async (c) => {
    const owner = c.get('owner')
    const { organizationId, mode } = owner
    const context = c.get('context')
    const after = c.req.valid('header')['Last-Event-ID'] ?? c.req.valid('query').after ?? 0
    const call = await getCall(context, { organizationId, mode, callId: c.req.valid('param').id })
    if (call.completedAt !== null && after >= call.lastSequence) return c.body(null, 204)
    if (open >= STREAMS_MAX)
      throw new LimitExceeded(
        'rate_limited',
        'Too many event streams are open: read the list instead, or come back.',
        {
          context: { retryAfterSeconds: 10 },
        },
      )
    open++
    const refused = new AbortController()
    const stream = streamCallEvents({
      async read(sequence, limit) {
        if (!(await c.get('isKeyGood')())) {
          refused.abort()
          return []
        }
        const events = await listEvents(context, { organizationId, callId: call.id, after: sequence, limit })
        return events.map((event) => showEvent(owner, event))
      },
      watch: (onNews) => feed.watch(call.id, onNews),
      afterSequence: after,
      timers,
      signal: AbortSignal.any([c.req.raw.signal, draining, refused.signal]),
      onEnd: () => {
        open--
      },
    })
    return otherBody(
      c.body(stream, 200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      }),
    )
  })
}
