import { assistantCreateSchema, assistantSchema } from '@phonevoice/contracts'
import { createAssistantOnce } from '@phonevoice/services/assistants'
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
  path: '/v1/assistants',
  operationId: 'createAssistant',
  tags: ['Assistants'],
  summary: 'Create an assistant',
  description: 'Only `name` is required. Nested objects are merged with the defaults; lists replace them.',
  ...needs('assistants:write'),
  request: { headers: idempotencyHeaders, body: jsonBody(assistantCreateSchema) },
  responses: {
    201: answer(assistantSchema, 'The new assistant, complete.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'invalid_webhook_url', 'idempotency_key_reused'),
  },
})

export const addCreateAssistant: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    const created = await createAssistantOnce(c.get('context'), {
      organizationId,
      settings: c.req.valid('json'),
      idempotency: await readIdempotency(c, c.req.valid('header')['Idempotency-Key']),
    })
    markReplay(c, created)
    c.header('Location', `/v1/assistants/${created.resource.id}`)
    return jsonText(c, created.body, created.status)
  })
}
