import { callCreateSchema, callSchema } from '@phonevoice/contracts'
import { createCall } from '@phonevoice/services/calls'
import { idempotencyHeaders, markReplay, readIdempotency } from '../../idempotency.ts'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  createRoute,
  jsonBody,
  jsonText,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/calls',
  operationId: 'createCall',
  tags: ['Calls'],
  summary: 'Make a call',
  description:
    'Answers at once with a queued call; what happens to it comes as webhooks, and can be read at any time. When all lines are in use it waits: see `queue_position`. A test key calls the simulated phones only.',
  ...needs('calls:write'),
  request: { headers: idempotencyHeaders, body: jsonBody(callCreateSchema) },
  responses: {
    201: answer(callSchema, 'The call, queued.'),
    ...problems(
      ...KEY_PROBLEMS,
      ...BODY_PROBLEMS,
      'invalid_phone_number',
      'invalid_webhook_url',
      'unknown_assistant',
      'number_not_simulated',
      'destination_blocked',
      'do_not_call',
      'outside_hours',
      'number_not_owned',
      'carrier_not_configured',
      'idempotency_key_reused',
    ),
  },
})

export const addCreateCall: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const created = await createCall(c.get('context'), {
      organizationId,
      mode,
      request: c.req.valid('json'),
      idempotency: await readIdempotency(c, c.req.valid('header')['Idempotency-Key']),
      requestId: c.get('requestId'),
    })
    markReplay(c, created)
    return jsonText(c, created.body, created.status)
  })
}
