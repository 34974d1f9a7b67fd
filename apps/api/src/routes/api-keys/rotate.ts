import { apiKeyRotatedSchema, apiKeyRotateSchema } from '@phonevoice/contracts'
import { rotateApiKey } from '@phonevoice/services/api-keys'
import { idempotencyHeaders, markReplay, readIdempotency } from '../../idempotency.ts'
import {
  type AddRoute,
  answer,
  apiKeyParam,
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
  path: '/v1/api-keys/{id}/rotate',
  operationId: 'rotateApiKey',
  tags: ['API keys'],
  summary: 'Rotate an API key',
  description:
    'Makes a successor with the same name and scopes; the old key works until the overlap is over. The new key is shown only here. A key can rotate itself, and those that may do no more than it.',
  ...needs('keys:write'),
  request: { params: apiKeyParam, headers: idempotencyHeaders, body: jsonBody(apiKeyRotateSchema) },
  responses: {
    201: answer(apiKeyRotatedSchema, 'The new key.'),
    ...problems(
      ...KEY_PROBLEMS,
      ...BODY_PROBLEMS,
      'not_found',
      'api_key_not_active',
      'idempotency_key_reused',
    ),
  },
})

export const addRotateApiKey: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const owner = c.get('owner')
    const { organizationId, mode } = owner
    const rotated = await rotateApiKey(c.get('context'), {
      organizationId,
      mode,
      keyId: c.req.valid('param').id,
      granter: owner,
      request: c.req.valid('json'),
      idempotency: await readIdempotency(c, c.req.valid('header')['Idempotency-Key'], { perKey: true }),
    })
    markReplay(c, rotated)
    c.header('Location', `/v1/api-keys/${rotated.resource.id}`)
    c.header('Cache-Control', 'no-store')
    return jsonText(c, rotated.body, rotated.status)
  })
}
