import { assistantSchema } from '@phonevoice/contracts'
import { getAssistant } from '@phonevoice/services/assistants'
import {
  type AddRoute,
  answer,
  assistantParam,
  createRoute,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'get',
  path: '/v1/assistants/{id}',
  operationId: 'getAssistant',
  tags: ['Assistants'],
  summary: 'Read an assistant',
  ...needs('assistants:read'),
  request: { params: assistantParam },
  responses: {
    200: answer(assistantSchema, 'The assistant. Values of `llm.headers` are hidden.'),
    ...problems(...KEY_PROBLEMS, 'not_found'),
  },
})

export const addGetAssistant: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    const assistantId = c.req.valid('param').id
    return c.json(await getAssistant(c.get('context'), { organizationId, assistantId }), 200)
  })
}
