import { assistantCreateSchema, assistantSchema } from '@phonevoice/contracts'
import { createAssistant } from '@phonevoice/services/assistants'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  createRoute,
  jsonBody,
  KEY_PROBLEMS,
  problems,
  SECURED,
} from '../describe.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/assistants',
  operationId: 'createAssistant',
  tags: ['Assistants'],
  summary: 'Create an assistant',
  description: 'Only `name` is required. Nested objects are merged with the defaults; lists replace them.',
  security: SECURED,
  request: { body: jsonBody(assistantCreateSchema) },
  responses: {
    201: answer(assistantSchema, 'The new assistant, complete.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'invalid_webhook_url'),
  },
})

export const addCreateAssistant: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    const assistant = await createAssistant(c.get('context'), {
      organizationId,
      settings: c.req.valid('json'),
    })
    c.header('Location', `/v1/assistants/${assistant.id}`)
    return c.json(assistant, 201)
  })
}
