import { removeDoNotCall } from '@phonevoice/services/do-not-call'
import { type AddRoute, createRoute, doNotCallParam, KEY_PROBLEMS, needs, problems } from '../describe.ts'

const route = createRoute({
  method: 'delete',
  path: '/v1/do-not-call/{id}',
  operationId: 'removeDoNotCall',
  tags: ['Do not call'],
  summary: 'Allow a number to be called again',
  ...needs('do_not_call:write'),
  request: { params: doNotCallParam },
  responses: { 204: { description: 'It is off the list.' }, ...problems(...KEY_PROBLEMS, 'not_found') },
})

export const addRemoveDoNotCall: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    await removeDoNotCall(c.get('context'), { organizationId, id: c.req.valid('param').id })
    return c.body(null, 204)
  })
}
