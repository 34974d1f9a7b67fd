import { NotFound } from '@phonevoice/base'
import { openRecordingLink } from '@phonevoice/services/recordings'
import { z } from 'zod'
import { clientAddress } from '../../middleware/client-address.ts'
import { serveAudio } from '../../serve-audio.ts'
import { type AddRoute, createRoute, otherBody, problems } from '../describe.ts'

const audio = { 'audio/wav': { schema: z.string().meta({ format: 'binary' }) } }

const route = createRoute({
  method: 'get',
  path: '/rec/{token}',
  operationId: 'openRecordingLink',
  tags: ['Calls'],
  summary: 'Open a recording link',
  description: '`recording_url` leads here: no key, the link is the permission. Takes `Range`.',
  request: { params: z.object({ token: z.string().max(1000).meta({ description: 'The link’s secret.' }) }) },
  responses: {
    200: { description: 'All of it.', content: audio },
    206: { description: 'The range.', content: audio },
    ...problems(
      'not_found',
      'link_expired',
      'recording_unavailable',
      'content_deleted',
      'range_not_satisfiable',
    ),
  },
})

export const addOpenRecordingLink: AddRoute = (api, { storage, trustedProxies }) => {
  api.openapi(route, async (c) => {
    const ipAddress = clientAddress(c, trustedProxies)
    const actor = { type: 'link', id: null, requestId: c.get('requestId'), ipAddress } as const
    const recording = await openRecordingLink(
      { ...c.get('context'), actor },
      { token: c.req.valid('param').token },
    )
    if (recording.storageKey === null)
      throw new NotFound('recording_unavailable', 'The recording has been deleted or was never finished.')
    c.header('Referrer-Policy', 'no-referrer')
    return otherBody(await serveAudio(c, storage, recording))
  })
}
