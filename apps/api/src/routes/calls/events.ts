import { eventSchema, listSchema, renderEvent } from '@phonevoice/contracts'
import { listEvents } from '@phonevoice/services/calls'
import { z } from 'zod'
import {
  type AddRoute,
  answer,
  callParam,
  createRoute,
  jsonText,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'
import { showEvent } from './show-call.ts'

const query = z.strictObject({
  after: z.coerce.number().int().min(0).max(2_147_483_647).default(0).meta({
    description: 'Only events with a higher `sequence`; `next_cursor` of the page before.',
  }),
  limit: z.coerce.number().int().min(1).max(500).default(100).meta({ description: 'Events on a page.' }),
})

const route = createRoute({
  method: 'get',
  path: '/v1/calls/{id}/events',
  operationId: 'listCallEvents',
  tags: ['Calls'],
  summary: "List a call's events",
  description: 'In order, from the first. Each item has exactly the bytes of the webhook that carried it.',
  ...needs('calls:read'),
  request: { params: callParam, query },
  responses: {
    200: answer(listSchema(eventSchema, 'EventList'), 'A page of events.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'not_found'),
  },
})

export const addListCallEvents: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const owner = c.get('owner')
    const { organizationId, mode } = owner
    const { after, limit } = c.req.valid('query')
    const callId = c.req.valid('param').id
    const events = await listEvents(c.get('context'), {
      organizationId,
      mode,
      callId,
      after,
      limit: limit + 1,
    })
    const shown = events.slice(0, limit).map((event) => showEvent(owner, event))
    const last = shown.at(-1)
    const nextCursor = events.length > limit && last ? `"${last.sequence}"` : 'null'
    const head = `{"object":"list","data":[${shown.map(renderEvent).join(',')}]`
    return jsonText(c, `${head},"has_more":${events.length > limit},"next_cursor":${nextCursor}}`, 200)
  })
}
