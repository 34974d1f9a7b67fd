import { webhookEndpointSchema } from '@phonevoice/contracts'
import { getWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
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
  method: 'get',
  path: '/v1/webhook-endpoints/{id}',
  operationId: 'getWebhookEndpoint',
  tags: ['Webhooks'],
  summary: 'Read a webhook endpoint',
  description: 'Whether it is enabled, how it is doing, and how it did in the last 24 hours.',
  ...needs('webhooks:read'),
  request: { params: endpointParam },
  responses: {
    200: answer(webhookEndpointSchema, 'The endpoint, without its secret.'),
    ...problems(...KEY_PROBLEMS, 'not_found'),
  },
})

export const addGetWebhookEndpoint: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const endpointId = c.req.valid('param').id
    return c.json(await getWebhookEndpoint(c.get('context'), { organizationId, mode, endpointId }), 200)
  })
}
