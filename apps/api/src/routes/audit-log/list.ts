import { auditActionSchema, auditEntrySchema, listSchema } from '@phonevoice/contracts'
import { listAuditEntries } from '@phonevoice/services/audit'
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

const query = z.strictObject({
  action: auditActionSchema.optional().meta({ description: 'Only this action.' }),
  resource_id: z.string().min(1).max(100).optional().meta({ description: 'Only what was done to this.' }),
  after: timeQuery.optional().meta({ description: 'Only what happened then or later.' }),
  before: timeQuery.optional().meta({ description: 'Only what happened earlier.' }),
  ...pageQuery,
})

const route = createRoute({
  method: 'get',
  path: '/v1/audit-log',
  operationId: 'listAuditEntries',
  tags: ['API keys'],
  summary: 'Read the audit log',
  description:
    'Who did what to keys, secrets, endpoints, recordings and settings, newest first: what concerns the mode of the key you ask with, and what concerns both.',
  ...needs('audit:read'),
  request: { query },
  responses: {
    200: answer(listSchema(auditEntrySchema, 'AuditEntryList'), 'A page of entries.'),
    ...problems(...KEY_PROBLEMS, 'invalid_request', 'invalid_cursor'),
  },
})

export const addListAuditEntries: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const { resource_id: resourceId, ...filter } = c.req.valid('query')
    const page = await listAuditEntries(c.get('context'), { organizationId, mode, resourceId, ...filter })
    return c.json(toList(page), 200)
  })
}
