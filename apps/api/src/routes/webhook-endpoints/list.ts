import { listSchema, webhookEndpointSchema } from '@phonevoice/contracts'
import { listWebhookEndpoints } from '@phonevoice/services/webhook-endpoints'
import { z } from 'zod'
import {
  type AddRoute,
  answer,
  createRoute,
  KEY_PROBLEMS,
  needs,
  pageQuery,
  problems,
  toList,
} from '../describe.ts'

const route = createRoute({
  method: 'get',
  path: '/v1/webhook-endpoints',
  operationId: 'listWebhookEndpoints',
  tags: ['Webhooks'],
  summary: 'List webhook endpoints',
  description: "Newest first, of the key's mode, without statistics.",
  ...needs('webhooks:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: answer(listSchema(webhookEndpointSchema, 'WebhookEndpointList'), 'A page of endpoints.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'invalid_cursor'),
  },
})

export const addListWebhookEndpoints: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const page = await listWebhookEndpoints(c.get('context'), {
      organizationId,
      mode,
      ...c.req.valid('query'),
    })
    return c.json(toList(page), 200)
  })
}
