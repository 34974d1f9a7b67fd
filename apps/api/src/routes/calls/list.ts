import { CALL_STATUSES, callSchema, listSchema } from '@phonevoice/contracts'
import { listCalls } from '@phonevoice/services/calls'
import { z } from 'zod'
import {
  type AddRoute,
  answer,
  createRoute,
  KEY_PROBLEMS,
  needs,
  pageQuery,
  problems,
  timeQuery,
  toList,
} from '../describe.ts'
import { showCalls } from './show-call.ts'

/** In a query string a bare `+` arrives as a space; nobody means a number that begins with one. */
const numberQuery = z
  .string()
  .min(1)
  .max(100)
  .transform((text) => text.replace(/^ /, '+'))

const query = z.strictObject({
  to: numberQuery.optional().meta({ description: 'Only calls to this number.', example: '+12025550100' }),
  from: numberQuery.optional().meta({ description: 'Only calls from this number.' }),
  status: z.enum(CALL_STATUSES).optional(),
  assistant_id: z.string().min(1).max(100).optional(),
  created_after: timeQuery.optional().meta({ description: 'Created at this time or later.' }),
  created_before: timeQuery.optional().meta({ description: 'Created before this time.' }),
  ...pageQuery,
})

const route = createRoute({
  method: 'get',
  path: '/v1/calls',
  operationId: 'listCalls',
  tags: ['Calls'],
  summary: 'List calls',
  description: "Newest first; only calls of the key's own mode.",
  ...needs('calls:read'),
  request: { query },
  responses: {
    200: answer(listSchema(callSchema, 'CallList'), 'A page of calls.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'invalid_cursor'),
  },
})

export const addListCalls: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const context = c.get('context')
    const filter = c.req.valid('query')
    const page = await listCalls(context, {
      organizationId,
      mode,
      to: filter.to,
      from: filter.from,
      status: filter.status,
      assistantId: filter.assistant_id,
      createdAfter: filter.created_after,
      createdBefore: filter.created_before,
      limit: filter.limit,
      cursor: filter.cursor,
    })
    const items = await showCalls(c, page.items)
    return c.json(toList({ items, nextCursor: page.nextCursor }), 200)
  })
}
