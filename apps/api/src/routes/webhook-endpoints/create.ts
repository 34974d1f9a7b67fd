import { webhookEndpointCreatedSchema, webhookEndpointCreateSchema } from '@phonevoice/contracts'
import { createWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { idempotencyHeaders, markReplay, readIdempotency } from '../../idempotency.ts'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  createRoute,
  jsonBody,
  jsonText,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/webhook-endpoints',
  operationId: 'createWebhookEndpoint',
  tags: ['Webhooks'],
  summary: 'Create a webhook endpoint',
  description:
    "It receives the chosen events of every call of the key's mode from now on, beside a call's own `webhook_url`, signed with a secret of its own. The secret is shown only here.",
  ...needs('webhooks:write'),
  request: { headers: idempotencyHeaders, body: jsonBody(webhookEndpointCreateSchema) },
  responses: {
    201: answer(webhookEndpointCreatedSchema, 'The new endpoint with its secret.'),
    ...problems(
      ...KEY_PROBLEMS,
      ...BODY_PROBLEMS,
      'invalid_webhook_url',
      'too_many_endpoints',
      'idempotency_key_reused',
    ),
  },
})

export const addCreateWebhookEndpoint: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const created = await createWebhookEndpoint(c.get('context'), {
      organizationId,
      mode,
      request: c.req.valid('json'),
      idempotency: await readIdempotency(c, c.req.valid('header')['Idempotency-Key']),
    })
    markReplay(c, created)
    c.header('Location', `/v1/webhook-endpoints/${created.resource.id}`)
    return jsonText(c, created.body, created.status)
  })
}
