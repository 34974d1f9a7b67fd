import { redeliverFailedSchema, redeliverySchema } from '@phonevoice/contracts'
import { redeliverFailedOfEndpoint } from '@phonevoice/services/webhook-endpoints'
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
  method: 'post',
  path: '/v1/webhook-endpoints/{id}/redeliver-failed',
  operationId: 'redeliverFailed',
  tags: ['Webhooks'],
  summary: 'Send everything again that an endpoint failed to take',
  description:
    'All failed deliveries since a time, oldest first, at most 10,000 with one request. What still waits for a retry is not touched.',
  ...needs('webhooks:write'),
  request: { params: endpointParam, body: jsonBody(redeliverFailedSchema) },
  responses: {
    202: answer(redeliverySchema, 'How many will be sent again.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'not_found', 'endpoint_disabled'),
  },
})

export const addRedeliverFailed: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const { count, hasMore } = await redeliverFailedOfEndpoint(c.get('context'), {
      organizationId,
      mode,
      endpointId: c.req.valid('param').id,
      since: new Date(c.req.valid('json').since),
    })
    return c.json({ object: 'redelivery' as const, count, has_more: hasMore }, 202)
  })
}
