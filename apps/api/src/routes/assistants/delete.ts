import { deleteAssistant } from '@phonevoice/services/assistants'
import { type AddRoute, assistantParam, createRoute, KEY_PROBLEMS, needs, problems } from '../describe.ts'

const route = createRoute({
  method: 'delete',
  path: '/v1/assistants/{id}',
  operationId: 'deleteAssistant',
  tags: ['Assistants'],
  summary: 'Delete an assistant',
  description: 'Calls that name it keep their copy. A phone number that it answers must be unbound first.',
  ...needs('assistants:write'),
  request: { params: assistantParam },
  responses: {
    204: { description: 'It is gone.' },
    ...problems(...KEY_PROBLEMS, 'not_found', 'assistant_in_use'),
  },
})

export const addDeleteAssistant: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    await deleteAssistant(c.get('context'), { organizationId, assistantId: c.req.valid('param').id })
    return c.body(null, 204)
  })
}
