import { assistantPatchSchema, assistantSchema } from '@phonevoice/contracts'
import { updateAssistant } from '@phonevoice/services/assistants'
import {
  type AddRoute,
  answer,
  assistantParam,
  BODY_PROBLEMS,
  createRoute,
  jsonBody,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'patch',
  path: '/v1/assistants/{id}',
  operationId: 'updateAssistant',
  tags: ['Assistants'],
  summary: 'Change an assistant',
  description:
    'Fields that are not sent stay as they are. Objects are merged; lists, `headers`, `metadata`, `schema` and `fallback` are replaced whole. A header value sent back as `"***"` is kept. Calls that have begun are not affected.',
  ...needs('assistants:write'),
  request: { params: assistantParam, body: jsonBody(assistantPatchSchema) },
  responses: {
    200: answer(assistantSchema, 'The assistant as it is now.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'invalid_webhook_url', 'not_found'),
  },
})

export const addUpdateAssistant: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    const assistantId = c.req.valid('param').id
    const patch = c.req.valid('json')
    return c.json(await updateAssistant(c.get('context'), { organizationId, assistantId, patch }), 200)
  })
}
