import { auditReads } from '@phonevoice/services/audit'
import { z } from 'zod'
import { serveAudio } from '../../serve-audio.ts'
import {
  type AddRoute,
  callParam,
  createRoute,
  KEY_PROBLEMS,
  needs,
  otherBody,
  problems,
} from '../describe.ts'
import { readyRecording } from './ready-recording.ts'

const audio = { 'audio/wav': { schema: z.string().meta({ format: 'binary' }) } }

const route = createRoute({
  method: 'get',
  path: '/v1/calls/{id}/recording/audio',
  operationId: 'getCallRecordingAudio',
  tags: ['Calls'],
  summary: 'Download the recording',
  description: 'The audio itself. Takes `Range`.',
  ...needs('recordings:read'),
  request: { params: callParam },
  responses: {
    200: { description: 'All of it.', content: audio },
    206: { description: 'The range.', content: audio },
    ...problems(
      ...KEY_PROBLEMS,
      'not_found',
      'recording_not_ready',
      'recording_unavailable',
      'content_deleted',
      'range_not_satisfiable',
    ),
  },
})

export const addGetRecordingAudio: AddRoute = (api, { storage }) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const key = { organizationId, mode, callId: c.req.valid('param').id }
    const context = c.get('context')
    const recording = await readyRecording(context, key)
    await auditReads(context, {
      organizationId,
      mode,
      action: 'recording.downloaded',
      resourceIds: [recording.callId],
    })
    return otherBody(await serveAudio(c, storage, recording))
  })
}
