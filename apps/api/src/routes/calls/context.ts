import { contextSchema, controlResultSchema } from '@phonevoice/contracts'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  callParam,
  createRoute,
  jsonBody,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'
import { commandCall } from './command-call.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/calls/{id}/context',
  operationId: 'addCallContext',
  tags: ['Live control'],
  summary: 'Tell the model something',
  description:
    'A note in the dialogue that only the language model sees, for the next answer on. It is lost when the call moves to another process.',
  ...needs('calls:write'),
  request: { params: callParam, body: jsonBody(contextSchema) },
  responses: {
    200: answer(controlResultSchema, 'What happened.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'not_found', 'call_not_live'),
  },
})

export const addCallContext: AddRoute = (api, { timers }) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const body = c.req.valid('json')
    const result = await commandCall(c.get('context'), timers, {
      organizationId,
      mode,
      callId: c.req.valid('param').id,
      command: { kind: 'context', text: body.text },
    })
    return c.json(result, 200)
  })
}
