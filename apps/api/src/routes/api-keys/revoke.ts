import { apiKeySchema } from '@phonevoice/contracts'
import { revokeApiKey } from '@phonevoice/services/api-keys'
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
  method: 'post',
  path: '/v1/api-keys/{id}/revoke',
  operationId: 'revokeApiKey',
  tags: ['API keys'],
  summary: 'Revoke an API key',
  description: 'For good, and everywhere within a second. Revoking it again changes nothing.',
  ...needs('keys:write'),
  request: { params: apiKeyParam },
  responses: { 200: answer(apiKeySchema, 'The revoked key.'), ...problems(...KEY_PROBLEMS, 'not_found') },
})

export const addRevokeApiKey: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const keyId = c.req.valid('param').id
    return c.json(await revokeApiKey(c.get('context'), { organizationId, mode, keyId }), 200)
  })
}
