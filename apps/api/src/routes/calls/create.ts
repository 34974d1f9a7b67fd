import { createHash } from 'node:crypto'
import { callCreateSchema, callSchema } from '@phonevoice/contracts'
import { createCall } from '@phonevoice/services/calls'
import { z } from 'zod'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  createRoute,
  jsonBody,
  jsonText,
  KEY_PROBLEMS,
  problems,
  SECURED,
} from '../describe.ts'

const headers = z.object({
  'Idempotency-Key': z.string().min(1).max(255).optional().meta({
    description:
      'Any text of yours, best a random one, that names this request. Sent again within a day it gets the first answer, and no second phone rings.',
    example: 'order-4711-reminder-1',
  }),
})

const route = createRoute({
  method: 'post',
  path: '/v1/calls',
  operationId: 'createCall',
  tags: ['Calls'],
  summary: 'Make a call',
  description:
    'Answers at once with a queued call; what happens to it comes as webhooks, and can be read at any time. A test key calls the simulated phones only.',
  security: SECURED,
  request: { headers, body: jsonBody(callCreateSchema) },
  responses: {
    201: answer(callSchema, 'The call, queued.'),
    ...problems(
      ...KEY_PROBLEMS,
      ...BODY_PROBLEMS,
      'invalid_phone_number',
      'invalid_webhook_url',
      'unknown_assistant',
      'number_not_simulated',
      'number_not_owned',
      'carrier_not_configured',
      'idempotency_key_reused',
    ),
  },
})

export const addCreateCall: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const key = c.req.valid('header')['Idempotency-Key']
    const created = await createCall(c.get('context'), {
      organizationId,
      mode,
      request: c.req.valid('json'),
      idempotency: key === undefined ? null : { key, requestHash: hashRequest(mode, await c.req.text()) },
      requestId: c.get('requestId'),
    })
    if (created.replayed) c.header('Idempotent-Replayed', 'true')
    return jsonText(c, created.body, created.status)
  })
}

/** Method and path never differ here; the mode does, and the same body means another call with the other key. */
function hashRequest(mode: string, rawBody: string): string {
  return createHash('sha256').update(`POST /v1/calls ${mode}\n${rawBody}`).digest('hex')
}
