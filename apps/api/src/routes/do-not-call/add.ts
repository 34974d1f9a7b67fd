import { doNotCallAddSchema, doNotCallSchema } from '@phonevoice/contracts'
import { addDoNotCall } from '@phonevoice/services/do-not-call'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  createRoute,
  jsonBody,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/do-not-call',
  operationId: 'addDoNotCall',
  tags: ['Do not call'],
  summary: 'Never call a number again',
  description:
    'From now on calls to it are refused, and those that wait are not dialled; a call under way goes on. There is one list for test and live keys. Adding a number again changes nothing.',
  ...needs('do_not_call:write'),
  request: { body: jsonBody(doNotCallAddSchema) },
  responses: {
    200: answer(doNotCallSchema, 'The number is on the list.'),
    ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'invalid_phone_number'),
  },
})

export const addAddDoNotCall: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    const { phone_number: phoneNumber, note } = c.req.valid('json')
    return c.json(
      await addDoNotCall(c.get('context'), { organizationId, phoneNumber, note: note ?? null }),
      200,
    )
  })
}
