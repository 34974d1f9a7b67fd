import { deliverySchema, listSchema } from '@phonevoice/contracts'
import { findDeliveries } from '@phonevoice/services/deliveries'
import { z } from 'zod'
import {
  type AddRoute,
  answer,
  createRoute,
  KEY_PROBLEMS,
  needs,
  pageQuery,
  problems,
  timeQuery,
  toList,
} from '../describe.ts'

const query = z.strictObject({
  endpoint_id: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Only deliveries to this endpoint.' }),
  call_id: z.string().min(1).max(100).optional(),
  status: z.enum(['pending', 'delivered', 'failed']).optional(),
  since: timeQuery.optional().meta({ description: 'Created at this time or later.' }),
  ...pageQuery,
})

const route = createRoute({
  method: 'get',
  path: '/v1/deliveries',
  operationId: 'listDeliveries',
  tags: ['Webhooks'],
  summary: 'List webhook deliveries',
  description: "Newest first, of the key's mode, each with every attempt.",
  ...needs('webhooks:read'),
  request: { query },
  responses: {
    200: answer(listSchema(deliverySchema, 'DeliveryList'), 'A page of deliveries.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'invalid_cursor'),
  },
})

export const addFindDeliveries: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const { endpoint_id: endpointId, call_id: callId, status, since, cursor, limit } = c.req.valid('query')
    const page = await findDeliveries(c.get('context'), {
      organizationId,
      mode,
      endpointId,
      callId,
      status,
      since,
      cursor,
      limit,
    })
    return c.json(toList(page), 200)
  })
}
