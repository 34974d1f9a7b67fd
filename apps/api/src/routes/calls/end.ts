import { callSchema } from '@phonevoice/contracts'
import { endCall } from '@phonevoice/services/calls'
import {
  type AddRoute,
  answer,
  callParam,
  createRoute,
  KEY_PROBLEMS,
  problems,
  SECURED,
} from '../describe.ts'
import { showCall } from './show-call.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/calls/{id}/end',
  operationId: 'endCall',
  tags: ['Calls'],
  summary: 'End a call',
  description:
    'A call that waits is canceled at once; a conversation is ended politely, within about ten seconds. Asking again while it ends is fine. The end itself is told by `call.completed`.',
  security: SECURED,
  request: { params: callParam },
  responses: {
    200: answer(callSchema, 'The call; its status may still change.'),
    ...problems(...KEY_PROBLEMS, 'not_found', 'call_already_ended'),
  },
})

export const addEndCall: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const context = c.get('context')
    const row = await endCall(context, { organizationId, mode, callId: c.req.valid('param').id })
    return c.json(await showCall(context, row), 200)
  })
}
