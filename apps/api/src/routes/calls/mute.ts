import { controlResultSchema, muteSchema } from '@phonevoice/contracts'
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
  path: '/v1/calls/{id}/mute',
  operationId: 'muteCall',
  tags: ['Live control'],
  summary: 'Mute the assistant, or give it its voice back',
  description: 'A muted assistant stops at once, listens and writes down.',
  ...needs('calls:write'),
  request: { params: callParam, body: jsonBody(muteSchema) },
  responses: {
    200: answer(controlResultSchema, 'What happened.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'not_found', 'call_not_live'),
  },
})

export const addCallMute: AddRoute = (api, { timers }) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const body = c.req.valid('json')
    const result = await commandCall(c.get('context'), timers, {
      organizationId,
      mode,
      callId: c.req.valid('param').id,
      command: { kind: 'mute', muted: body.muted },
    })
    return c.json(result, 200)
  })
}
