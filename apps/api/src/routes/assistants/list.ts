import { assistantSchema, listSchema } from '@phonevoice/contracts'
import { listAssistants } from '@phonevoice/services/assistants'
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
  path: '/v1/assistants',
  operationId: 'listAssistants',
  tags: ['Assistants'],
  summary: 'List assistants',
  description: 'Newest first.',
  ...needs('assistants:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: answer(listSchema(assistantSchema, 'AssistantList'), 'A page of assistants.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'invalid_cursor'),
  },
})

export const addListAssistants: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    const page = await listAssistants(c.get('context'), { organizationId, ...c.req.valid('query') })
    return c.json(toList(page), 200)
  })
}
