import { controlResultSchema, saySchema } from '@phonevoice/contracts'
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
  path: '/v1/calls/{id}/say',
  operationId: 'sayOnCall',
  tags: ['Live control'],
  summary: 'Say something',
  description: 'The assistant says it with its own voice; it is a `transcription` like its other words.',
  ...needs('calls:write'),
  request: { params: callParam, body: jsonBody(saySchema) },
  responses: {
    200: answer(controlResultSchema, 'What happened.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'not_found', 'call_not_live'),
  },
})

export const addCallSay: AddRoute = (api, { timers }) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const body = c.req.valid('json')
    const result = await commandCall(c.get('context'), timers, {
      organizationId,
      mode,
      callId: c.req.valid('param').id,
      command: { kind: 'say', text: body.text, interrupt: body.interrupt ?? false },
    })
    return c.json(result, 200)
  })
}
