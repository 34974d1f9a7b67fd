import { apiKeySchema, listSchema } from '@phonevoice/contracts'
import { listApiKeys } from '@phonevoice/services/api-keys'
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
  path: '/v1/api-keys',
  operationId: 'listApiKeys',
  tags: ['API keys'],
  summary: 'List API keys',
  description: 'Those of the mode of the key you ask with, newest first, expired and revoked ones included.',
  ...needs('keys:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: answer(listSchema(apiKeySchema, 'ApiKeyList'), 'A page of keys.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'invalid_cursor'),
  },
})

export const addListApiKeys: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const page = await listApiKeys(c.get('context'), { organizationId, mode, ...c.req.valid('query') })
    return c.json(toList(page), 200)
  })
}
