import { callSchema } from '@phonevoice/contracts'
import { getCall } from '@phonevoice/services/calls'
import { queuePosition } from '@phonevoice/services/limits'
import { type AddRoute, answer, callParam, createRoute, KEY_PROBLEMS, needs, problems } from '../describe.ts'
import { showCall } from './show-call.ts'

const route = createRoute({
  method: 'get',
  path: '/v1/calls/{id}',
  operationId: 'getCall',
  tags: ['Calls'],
  summary: 'Read a call',
  ...needs('calls:read'),
  request: { params: callParam },
  responses: { 200: answer(callSchema, 'The call as it is now.'), ...problems(...KEY_PROBLEMS, 'not_found') },
})

export const addGetCall: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const context = c.get('context')
    const row = await getCall(context, { organizationId, mode, callId: c.req.valid('param').id })
    const shown = await showCall(c, row)
    return c.json({ ...shown, queue_position: await queuePosition(context, row) }, 200)
  })
}
