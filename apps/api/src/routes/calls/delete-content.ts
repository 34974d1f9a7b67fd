import { callSchema } from '@phonevoice/contracts'
import { deleteCallContent } from '@phonevoice/services/content'
import { type AddRoute, answer, callParam, createRoute, KEY_PROBLEMS, needs, problems } from '../describe.ts'
import { showCall } from './show-call.ts'

const route = createRoute({
  method: 'delete',
  path: '/v1/calls/{id}/content',
  operationId: 'deleteCallContent',
  tags: ['Calls'],
  summary: 'Delete what was said on a call',
  description:
    'Transcript, recording and its links, analysis, metadata, variables and the numbers up to their last four digits are gone for good; links are void at once, files within seconds. What is left is the frame: ids, times, status, outcome and cost. Events keep id, type, time and sequence, and their `data` becomes `{"redacted": true}`, also in deliveries that are still to come. Repeating it changes nothing.',
  ...needs('calls:delete'),
  request: { params: callParam },
  responses: {
    200: answer(callSchema, 'The call as it is now.'),
    ...problems(...KEY_PROBLEMS, 'not_found', 'call_not_ended'),
  },
})

export const addDeleteCallContent: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const context = c.get('context')
    const row = await deleteCallContent(context, { organizationId, mode, callId: c.req.valid('param').id })
    return c.json(await showCall(c, row), 200)
  })
}
