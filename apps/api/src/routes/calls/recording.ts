import { recordingLinkSchema } from '@phonevoice/contracts'
import { auditReads } from '@phonevoice/services/audit'
import { mintRecordingLink } from '@phonevoice/services/recordings'
import { type AddRoute, answer, callParam, createRoute, KEY_PROBLEMS, needs, problems } from '../describe.ts'
import { readyRecording } from './ready-recording.ts'

const route = createRoute({
  method: 'get',
  path: '/v1/calls/{id}/recording',
  operationId: 'getCallRecording',
  tags: ['Calls'],
  summary: 'Get a link to the recording',
  description:
    'A fresh link that works without a key for seven days: stereo WAV, the caller left and the assistant right.',
  ...needs('recordings:read'),
  request: { params: callParam },
  responses: {
    200: answer(recordingLinkSchema, 'The link.'),
    ...problems(
      ...KEY_PROBLEMS,
      'not_found',
      'recording_not_ready',
      'recording_unavailable',
      'content_deleted',
    ),
  },
})

export const addGetRecording: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const context = c.get('context')
    const recording = await readyRecording(context, { organizationId, mode, callId: c.req.valid('param').id })
    await auditReads(context, {
      organizationId,
      mode,
      action: 'recording.link_issued',
      resourceIds: [recording.callId],
    })
    const { url, expiresAt } = mintRecordingLink(context, { recording })
    const body = {
      object: 'recording' as const,
      url,
      expires_at: expiresAt.toISOString(),
      duration_seconds: (recording.durationMs ?? 0) / 1000,
      size_bytes: recording.sizeBytes ?? 0,
    }
    c.header('Cache-Control', 'no-store')
    return c.json(body, 200)
  })
}
