import { isId, NotFound } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
import { getTableColumns } from 'drizzle-orm'
import type { Mode, ServiceContext } from '../context.ts'

/** A call as it is stored. */
export type CallRow = typeof schema.calls.$inferSelect

/** Names one call of one organization. With `mode`, a key of the other mode does not see it. */
export interface CallKey {
  organizationId: string
  callId: string
  mode?: Mode | undefined
}

/** The row of an organization's call. Throws `not_found`, the same for missing and foreign ones. */
export async function getCall(ctx: ServiceContext, input: CallKey): Promise<CallRow> {
  // Also keeps text that Postgres would refuse, such as a zero character, away from it.
  if (!isId('call', input.callId)) throw callNotFound()
  const { callId, organizationId, mode = null } = input
  const row = await readRow(ctx, OWNED_CALL, [callId, organizationId, mode])
  if (!row) throw callNotFound()
  return row
}

/** The row of a call, whoever's it is: for carrier callbacks, workers and media. Null when there is none. */
export async function findCall(ctx: ServiceContext, callId: string): Promise<CallRow | null> {
  if (!isId('call', callId)) return null
  return await readRow(ctx, ANY_CALL, [callId])
}

/** Calls are read more often than anything else; a query builder would write the same statement anew each time, and Postgres would plan it anew. */
const COLUMNS = Object.entries(getTableColumns(schema.calls))
const ANY_CALL = `select ${COLUMNS.map(([, column]) => `"${column.name}"`).join(', ')} from calls where id = $1`
const OWNED_CALL = `${ANY_CALL} and organization_id = $2 and ($3::text is null or mode = $3::text)`

async function readRow(
  ctx: ServiceContext,
  statement: string,
  parameters: (string | null)[],
): Promise<CallRow | null> {
  const [values] = await ctx.db.sql.unsafe(statement, parameters, { prepare: true }).values()
  return values ? toRow(values) : null
}

/** The schema says how each column's value is read, so that this is what drizzle would have read. */
function toRow(values: readonly unknown[]): CallRow {
  const row: Record<string, unknown> = {}
  for (const [at, [name, column]] of COLUMNS.entries()) {
    const value = values[at]
    row[name] = value === null ? null : column.mapFromDriverValue(value)
  }
  return row as CallRow
}

export function callNotFound(): NotFound {
  return new NotFound('not_found', 'There is no such call: list yours with GET /v1/calls.')
}
