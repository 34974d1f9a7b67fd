import { apiKeyCreatedSchema, apiKeyCreateSchema } from '@phonevoice/contracts'
import { createApiKeyOnce } from '@phonevoice/services/api-keys'
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
  path: '/v1/api-keys',
  operationId: 'createApiKey',
  tags: ['API keys'],
  summary: 'Create an API key',
  description:
    'Of the same mode as the key you ask with, with at most its scopes, and for at most as long as it lasts. The key is shown only here.',
  ...needs('keys:write'),
  request: { headers: idempotencyHeaders, body: jsonBody(apiKeyCreateSchema) },
  responses: {
    201: answer(apiKeyCreatedSchema, 'The new key.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'too_many_api_keys', 'idempotency_key_reused'),
  },
})

export const addCreateApiKey: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const owner = c.get('owner')
    const { organizationId, mode } = owner
    const created = await createApiKeyOnce(c.get('context'), {
      organizationId,
      mode,
      granter: owner,
      request: c.req.valid('json'),
      idempotency: await readIdempotency(c, c.req.valid('header')['Idempotency-Key'], { perKey: true }),
    })
    markReplay(c, created)
    c.header('Location', `/v1/api-keys/${created.resource.id}`)
    c.header('Cache-Control', 'no-store')
    return jsonText(c, created.body, created.status)
  })
}
