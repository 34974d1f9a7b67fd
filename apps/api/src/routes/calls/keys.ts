import { controlResultSchema, keysSchema } from '@phonevoice/contracts'
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
  path: '/v1/calls/{id}/keys',
  operationId: 'pressCallKeys',
  tags: ['Live control'],
  summary: 'Press keys',
  description:
    'The other side hears the tones as soon as the assistant has finished its sentence, whether or not the other side speaks.',
  ...needs('calls:write'),
  request: { params: callParam, body: jsonBody(keysSchema) },
  responses: {
    200: answer(controlResultSchema, 'What happened.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'not_found', 'call_not_live'),
  },
})

export const addCallKeys: AddRoute = (api, { timers }) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const body = c.req.valid('json')
    const result = await commandCall(c.get('context'), timers, {
      organizationId,
      mode,
      callId: c.req.valid('param').id,
      command: { kind: 'keys', digits: body.digits },
    })
    return c.json(result, 200)
  })
}
