import { webhookEndpointRotatedSchema, webhookEndpointSchema } from '@phonevoice/contracts'
import { completeEndpointRotation, rotateEndpointSecret } from '@phonevoice/services/webhook-endpoints'
import {
  type AddRoute,
  answer,
  createRoute,
  endpointParam,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const rotate = createRoute({
  method: 'post',
  path: '/v1/webhook-endpoints/{id}/rotate-secret',
  operationId: 'rotateWebhookSecret',
  tags: ['Webhooks'],
  summary: 'Begin to rotate the secret of an endpoint',
  description:
    '`PhoneVoice-Signature` stays on the old secret and `PhoneVoice-Signature-Next` carries the new one until the rotation is completed. Asking again meanwhile shows the same new secret.',
  ...needs('webhooks:write'),
  request: { params: endpointParam },
  responses: {
    200: answer(webhookEndpointRotatedSchema, 'The endpoint with its next secret.'),
    ...problems(...KEY_PROBLEMS, 'not_found'),
  },
})

export const addRotateWebhookSecret: AddRoute = (api) => {
  api.openapi(rotate, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const endpointId = c.req.valid('param').id
    return c.json(await rotateEndpointSecret(c.get('context'), { organizationId, mode, endpointId }), 200)
  })
}

const complete = createRoute({
  method: 'post',
  path: '/v1/webhook-endpoints/{id}/complete-rotation',
  operationId: 'completeWebhookRotation',
  tags: ['Webhooks'],
  summary: 'Complete the rotation of a secret',
  description:
    'From now on only the new secret signs; for a few seconds requests under way may still carry both.',
  ...needs('webhooks:write'),
  request: { params: endpointParam },
  responses: {
    200: answer(webhookEndpointSchema, 'The endpoint.'),
    ...problems(...KEY_PROBLEMS, 'not_found', 'no_rotation'),
  },
})

export const addCompleteWebhookRotation: AddRoute = (api) => {
  api.openapi(complete, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const endpointId = c.req.valid('param').id
    return c.json(await completeEndpointRotation(c.get('context'), { organizationId, mode, endpointId }), 200)
  })
}
