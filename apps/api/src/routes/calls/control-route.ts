import { controlResultSchema } from '@phonevoice/contracts'
import type { CommandRequest } from '@phonevoice/services/commands'
import type { z } from 'zod'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  callParam,
  createRoute,
  jsonBody,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'
import { commandCall } from './command-call.ts'

interface Control<Body extends z.ZodType> {
  path: `/v1/calls/{id}/${string}`
  operationId: string
  summary: string
  description: string
  body: Body
  toCommand(body: z.output<Body>): CommandRequest
}

/** A route that has a live call do something and answers with what came of it. */
export function controlRoute<Body extends z.ZodType>(control: Control<Body>): AddRoute {
  const { path, operationId, body, toCommand, ...described } = control
  const route = createRoute({
    method: 'post',
    path,
    operationId,
    tags: ['Live control'],
    ...described,
    ...needs('calls:write'),
    request: { params: callParam, body: jsonBody(body) },
    responses: {
      200: answer(controlResultSchema, 'What happened.'),
      ...problems(...KEY_PROBLEMS, ...BODY_PROBLEMS, 'not_found', 'call_not_live'),
    },
  })
  return (api, { timers }) => {
    api.openapi(route, async (c) => {
      const { organizationId, mode } = c.get('owner')
      // The framework does not follow a schema that is a parameter; what it has checked is of these types.
      const valid = c.req.valid.bind(c.req) as (target: 'param' | 'json') => unknown
      const result = await commandCall(c.get('context'), timers, {
        organizationId,
        mode,
        callId: (valid('param') as { id: string }).id,
        command: toCommand(valid('json') as z.output<Body>),
      })
      return c.json(result, 200)
    })
  }
}
