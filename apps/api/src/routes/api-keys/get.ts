import { apiKeySchema } from '@phonevoice/contracts'
import { getApiKey } from '@phonevoice/services/api-keys'
import {
  type AddRoute,
  answer,
  apiKeyParam,
  createRoute,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'get',
  path: '/v1/api-keys/{id}',
  operationId: 'getApiKey',
  tags: ['API keys'],
  summary: 'Get an API key',
  description: 'What is known of it; the key itself was shown once, when it was made.',
  ...needs('keys:read'),
  request: { params: apiKeyParam },
  responses: { 200: answer(apiKeySchema, 'The key.'), ...problems(...KEY_PROBLEMS, 'not_found') },
})

export const addGetApiKey: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const keyId = c.req.valid('param').id
    return c.json(await getApiKey(c.get('context'), { organizationId, mode, keyId }), 200)
  })
}
