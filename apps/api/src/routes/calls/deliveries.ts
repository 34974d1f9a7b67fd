import { deliverySchema, listSchema } from '@phonevoice/contracts'
import { getCall } from '@phonevoice/services/calls'
import { listDeliveries } from '@phonevoice/services/deliveries'
import { z } from 'zod'
import {
  type AddRoute,
  answer,
  callParam,
  createRoute,
  KEY_PROBLEMS,
  needs,
  problems,
  toList,
} from '../describe.ts'

const query = z.strictObject({
  after: z.coerce.number().int().min(0).max(2_147_483_647).default(0).meta({
    description: 'Only deliveries of events with a higher `sequence`; `next_cursor` of the page before.',
  }),
  limit: z.coerce.number().int().min(1).max(100).default(20).meta({ description: 'Deliveries on a page.' }),
})

const route = createRoute({
  method: 'get',
  path: '/v1/calls/{id}/deliveries',
  operationId: 'listCallDeliveries',
  tags: ['Calls'],
  summary: "List a call's webhook deliveries",
  description:
    'In the order of the events, each with every attempt: what we got back, and when we try again. The receivers of one event share a page, so a page may be a little longer than `limit`.',
  ...needs('webhooks:read'),
  request: { params: callParam, query },
  responses: {
    200: answer(listSchema(deliverySchema, 'DeliveryList'), 'A page of deliveries.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'not_found'),
  },
})

export const addListDeliveries: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const context = c.get('context')
    const { after, limit } = c.req.valid('query')
    const call = await getCall(context, { organizationId, mode, callId: c.req.valid('param').id })
    const found = await listDeliveries(context, {
      organizationId,
      callId: call.id,
      afterSequence: after,
      limit: limit + 1,
    })
    // Receivers of one event stay on one page: the next page begins with another event.
    const lastSequence = found.slice(0, limit).at(-1)?.sequence ?? 0
    const items = found.filter((delivery) => (delivery.sequence ?? 0) <= lastSequence)
    return c.json(
      toList({ items, nextCursor: items.length < found.length ? String(lastSequence) : null }),
      200,
    )
  })
}
