import { webhookEndpointPatchSchema, webhookEndpointSchema } from '@phonevoice/contracts'
import { updateWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  createRoute,
  endpointParam,
  jsonBody,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'patch',
  path: '/v1/webhook-endpoints/{id}',
  operationId: 'updateWebhookEndpoint',
  tags: ['Webhooks'],
  summary: 'Change, disable or enable a webhook endpoint',
  description:
    'Deliveries that wait go to the new URL. While an endpoint is disabled it is given no new deliveries, and those that come due fail with `endpoint_disabled`; redeliver them once it is enabled.',
  ...needs('webhooks:write'),
  request: { params: endpointParam, body: jsonBody(webhookEndpointPatchSchema) },
  responses: {
    200: answer(webhookEndpointSchema, 'The endpoint as it is now.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'invalid_webhook_url', 'not_found'),
  },
})

export const addUpdateWebhookEndpoint: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const endpointId = c.req.valid('param').id
    const patch = c.req.valid('json')
    return c.json(
      await updateWebhookEndpoint(c.get('context'), { organizationId, mode, endpointId, patch }),
      200,
    )
  })
}
