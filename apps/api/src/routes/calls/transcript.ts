import { transcriptTurnSchema } from '@phonevoice/contracts'
import { getTranscript } from '@phonevoice/services/calls'
import { z } from 'zod'
import { type AddRoute, answer, callParam, createRoute, KEY_PROBLEMS, needs, problems } from '../describe.ts'

const transcriptSchema = z
  .object({ object: z.literal('transcript'), call_id: z.string(), turns: z.array(transcriptTurnSchema) })
  .meta({ id: 'Transcript' })

const route = createRoute({
  method: 'get',
  path: '/v1/calls/{id}/transcript',
  operationId: 'getCallTranscript',
  tags: ['Calls'],
  summary: "Read a call's transcript",
  description: 'What was said so far, in order. Of the assistant only what was heard counts as `text`.',
  ...needs('calls:read'),
  request: { params: callParam },
  responses: {
    200: answer(transcriptSchema, 'The transcript.'),
    ...problems(...KEY_PROBLEMS, 'not_found', 'content_deleted'),
  },
})

export const addGetTranscript: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const callId = c.req.valid('param').id
    const turns = await getTranscript(c.get('context'), { organizationId, mode, callId })
    return c.json({ object: 'transcript' as const, call_id: callId, turns }, 200)
  })
}
