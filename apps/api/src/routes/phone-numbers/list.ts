import { listSchema, phoneNumberResourceSchema } from '@phonevoice/contracts'
import { listPhoneNumbers } from '@phonevoice/services/phone-numbers'
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

const route = createRoute({
  method: 'get',
  path: '/v1/phone-numbers',
  operationId: 'listPhoneNumbers',
  tags: ['Phone numbers'],
  summary: 'List phone numbers',
  description: "Newest first; only numbers of the key's own mode.",
  ...needs('numbers:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: answer(listSchema(phoneNumberResourceSchema, 'PhoneNumberList'), 'A page of numbers.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'invalid_cursor'),
  },
})

export const addListPhoneNumbers: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const page = await listPhoneNumbers(c.get('context'), { organizationId, mode, ...c.req.valid('query') })
    return c.json(toList(page), 200)
  })
}
