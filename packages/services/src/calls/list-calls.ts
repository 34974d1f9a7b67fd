import type { CallStatus } from '@phonevoice/contracts'
import { schema } from '@phonevoice/db'
import { and, desc, eq, gte, lt } from 'drizzle-orm'
import type { Mode, ServiceContext } from '../context.ts'
import { before } from '../pages/before.ts'
import { type Page, type PageRequest, rowsWanted, toPage } from '../pages/cursor.ts'
import type { CallRow } from './call-row.ts'

export interface CallFilters {
  /** The person's number. */
  to?: string | undefined
  from?: string | undefined
  status?: CallStatus | undefined
  assistantId?: string | undefined
  /** From this time on. */
  createdAfter?: Date | undefined
  /** Before this time. */
  createdBefore?: Date | undefined
}

/** An organization's calls of one mode, newest first. Throws `invalid_cursor`. */
export async function listCalls(
  ctx: ServiceContext,
  input: { organizationId: string; mode: Mode } & CallFilters & PageRequest,
): Promise<Page<CallRow>> {
  const { calls } = schema
  const rows = await ctx.db.orm
    .select()
    .from(calls)
    .where(
      and(
        eq(calls.organizationId, input.organizationId),
        eq(calls.mode, input.mode),
        input.to === undefined ? undefined : eq(calls.phoneNumber, input.to),
        input.from === undefined ? undefined : eq(calls.fromNumber, input.from),
        input.status === undefined ? undefined : eq(calls.status, input.status),
        input.assistantId === undefined ? undefined : eq(calls.assistantId, input.assistantId),
        input.createdAfter === undefined ? undefined : gte(calls.createdAt, input.createdAfter),
        input.createdBefore === undefined ? undefined : lt(calls.createdAt, input.createdBefore),
        before(calls.createdAt, calls.id, input.cursor),
      ),
    )
    .orderBy(desc(calls.createdAt), desc(calls.id))
    .limit(rowsWanted(input))
  return toPage(
    input,
    rows,
    (row) => row,
    (row) => row,
  )
}
