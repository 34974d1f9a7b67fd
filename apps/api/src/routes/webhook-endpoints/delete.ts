import { deleteWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { type AddRoute, createRoute, endpointParam, KEY_PROBLEMS, needs, problems } from '../describe.ts'

const route = createRoute({
  method: 'delete',
  path: '/v1/webhook-endpoints/{id}',
  operationId: 'deleteWebhookEndpoint',
  tags: ['Webhooks'],
  summary: 'Delete a webhook endpoint',
  description: 'Deliveries that still wait fail with `endpoint_deleted` when they come due.',
  ...needs('webhooks:write'),
  request: { params: endpointParam },
  responses: { 204: { description: 'It is gone.' }, ...problems(...KEY_PROBLEMS, 'not_found') },
})

export const addDeleteWebhookEndpoint: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    await deleteWebhookEndpoint(c.get('context'), {
      organizationId,
      mode,
      endpointId: c.req.valid('param').id,
    })
    return c.body(null, 204)
  })
}
