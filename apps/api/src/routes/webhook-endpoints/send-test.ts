import { deliverySchema } from '@phonevoice/contracts'
import { testWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import {
  type AddRoute,
  answer,
  createRoute,
  endpointParam,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/webhook-endpoints/{id}/test',
  operationId: 'testWebhookEndpoint',
  tags: ['Webhooks'],
  summary: 'Send a test event to an endpoint',
  description:
    'A signed `endpoint.test`, tried once, whether the endpoint is enabled or not. The answer is its delivery, still pending; read it with `GET /v1/deliveries/{id}` to see what came back.',
  ...needs('webhooks:write'),
  request: { params: endpointParam },
  responses: {
    202: answer(deliverySchema, 'The delivery, about to be made.'),
    ...problems(...KEY_PROBLEMS, 'not_found'),
  },
})

export const addTestWebhookEndpoint: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const endpointId = c.req.valid('param').id
    return c.json(await testWebhookEndpoint(c.get('context'), { organizationId, mode, endpointId }), 202)
  })
}
