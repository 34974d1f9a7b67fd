import { revokeRecordingLinks } from '@phonevoice/services/recordings'
import { type AddRoute, callParam, createRoute, KEY_PROBLEMS, needs, problems } from '../describe.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/calls/{id}/recording/revoke-links',
  operationId: 'revokeCallRecordingLinks',
  tags: ['Calls'],
  summary: 'Revoke all links to the recording',
  description:
    'No link given out so far opens the recording any more, the `recording_url` of `call.completed` included. `GET /v1/calls/{id}/recording` gives fresh ones.',
  ...needs('recordings:write'),
  request: { params: callParam },
  responses: {
    204: { description: 'They are void; so they are when there were none.' },
    ...problems(...KEY_PROBLEMS, 'not_found'),
  },
})

export const addRevokeRecordingLinks: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    await revokeRecordingLinks(c.get('context'), { organizationId, mode, callId: c.req.valid('param').id })
    return c.body(null, 204)
  })
}
