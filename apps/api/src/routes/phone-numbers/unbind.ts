import { unbindPhoneNumber } from '@phonevoice/services/phone-numbers'
import { type AddRoute, createRoute, KEY_PROBLEMS, needs, phoneNumberParam, problems } from '../describe.ts'

const route = createRoute({
  method: 'delete',
  path: '/v1/phone-numbers/{id}',
  operationId: 'unbindPhoneNumber',
  tags: ['Phone numbers'],
  summary: 'Stop answering a number',
  description: 'Calls to it are refused from now on. Its settings at the carrier are left alone.',
  ...needs('numbers:write'),
  request: { params: phoneNumberParam },
  responses: { 204: { description: 'Nobody answers it.' }, ...problems(...KEY_PROBLEMS, 'not_found') },
})

export const addUnbindPhoneNumber: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    await unbindPhoneNumber(c.get('context'), {
      organizationId,
      mode,
      phoneNumberId: c.req.valid('param').id,
    })
    return c.body(null, 204)
  })
}
