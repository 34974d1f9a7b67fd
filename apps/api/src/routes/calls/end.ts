import { Conflict } from '@phonevoice/base'
import { callSchema, endCallSchema } from '@phonevoice/contracts'
import { endCall } from '@phonevoice/services/calls'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  callParam,
  createRoute,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'
import { commandCall } from './command-call.ts'
import { showCall } from './show-call.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/calls/{id}/end',
  operationId: 'endCall',
  tags: ['Calls'],
  summary: 'End a call',
  description:
    'A call that waits is canceled at once; a conversation is ended politely, within about ten seconds, or after `message` has been spoken. Asking again while it ends is fine. The end itself is told by `call.completed`.',
  ...needs('calls:write'),
  request: {
    params: callParam,
    body: { required: false, content: { 'application/json': { schema: endCallSchema } } },
  },
  responses: {
    200: answer(callSchema, 'The call; its status may still change.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'not_found', 'call_already_ended'),
  },
})

export const addEndCall: AddRoute = (api, { timers }) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const context = c.get('context')
    const key = { organizationId, mode, callId: c.req.valid('param').id }
    // Without a body there is nothing to validate, and nothing to read.
    const { message } = (c.req.valid('json') as { message?: string } | undefined) ?? {}
    if (message !== undefined)
      await sayGoodbye(() => commandCall(context, timers, { ...key, command: { kind: 'end', message } }))
    const row = await endCall(context, { ...key, goodbye: message ?? null })
    return c.json(await showCall(c, row), 200)
  })
}

/** A call without a conversation to say goodbye in is ended all the same. */
async function sayGoodbye(say: () => Promise<unknown>): Promise<void> {
  try {
    await say()
  } catch (error) {
    if (!(error instanceof Conflict) || error.code !== 'call_not_live') throw error
  }
}
