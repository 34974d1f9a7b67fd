import { deliverySchema } from '@phonevoice/contracts'
import { requireDelivery } from '@phonevoice/services/deliveries'
import {
  type AddRoute,
  answer,
  createRoute,
  deliveryParam,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'get',
  path: '/v1/deliveries/{id}',
  operationId: 'getDelivery',
  tags: ['Webhooks'],
  summary: 'Read a webhook delivery',
  description: 'With every attempt: what was answered, how long it took, and the beginning of the answer.',
  ...needs('webhooks:read'),
  request: { params: deliveryParam },
  responses: { 200: answer(deliverySchema, 'The delivery.'), ...problems(...KEY_PROBLEMS, 'not_found') },
})

export const addGetDelivery: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const deliveryId = c.req.valid('param').id
    return c.json(await requireDelivery(c.get('context'), { organizationId, mode, deliveryId }), 200)
  })
}
