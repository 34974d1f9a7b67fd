import { doNotCallSchema, listSchema } from '@phonevoice/contracts'
import { listDoNotCall } from '@phonevoice/services/do-not-call'
import { z } from 'zod'
import {
  type AddRoute,
  answer,
  createRoute,
  KEY_PROBLEMS,
  needs,
  pageQuery,
  problems,
  toList,
} from '../describe.ts'

const query = z.strictObject({
  phone_number: z
    .string()
    .min(1)
    .max(100)
    // In a query string a bare `+` arrives as a space.
    .transform((text) => text.replace(/^ /, '+'))
    .optional()
    .meta({ description: 'Only this number.', example: '+12025550100' }),
  ...pageQuery,
})

const route = createRoute({
  method: 'get',
  path: '/v1/do-not-call',
  operationId: 'listDoNotCall',
  tags: ['Do not call'],
  summary: 'List the numbers that are never called',
  description: 'Newest first.',
  ...needs('do_not_call:read'),
  request: { query },
  responses: {
    200: answer(listSchema(doNotCallSchema, 'DoNotCallList'), 'A page of the list.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'invalid_cursor'),
  },
})

export const addListDoNotCall: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    const { phone_number: phoneNumber, ...page } = c.req.valid('query')
    return c.json(
      toList(await listDoNotCall(c.get('context'), { organizationId, phoneNumber, ...page })),
      200,
    )
  })
}
