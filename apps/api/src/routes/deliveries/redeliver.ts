import { deliverySchema } from '@phonevoice/contracts'
import { redeliver } from '@phonevoice/services/deliveries'
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
  method: 'post',
  path: '/v1/deliveries/{id}/redeliver',
  operationId: 'redeliver',
  tags: ['Webhooks'],
  summary: 'Send a delivery again',
  description:
    'Whatever became of it: the same event with the same `id`, at once, and with a fresh schedule of retries. If the receiver is known to be down it goes when that is over, minutes later at most.',
  ...needs('webhooks:write'),
  request: { params: deliveryParam },
  responses: {
    202: answer(deliverySchema, 'The delivery, about to be made again.'),
    ...problems(...KEY_PROBLEMS, 'not_found', 'endpoint_disabled', 'delivery_in_flight'),
  },
})

export const addRedeliver: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const deliveryId = c.req.valid('param').id
    return c.json(await redeliver(c.get('context'), { organizationId, mode, deliveryId }), 202)
  })
}
