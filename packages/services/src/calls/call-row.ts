import { isId, NotFound } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
import { and, eq } from 'drizzle-orm'
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
  const { calls } = schema
  // Also keeps text that Postgres would refuse, such as a zero character, away from it.
  if (!isId('call', input.callId)) throw callNotFound()
  const [row] = await ctx.db.orm
    .select()
    .from(calls)
    .where(
      and(
        eq(calls.id, input.callId),
        eq(calls.organizationId, input.organizationId),
        input.mode && eq(calls.mode, input.mode),
      ),
    )
  if (!row) throw callNotFound()
  return row
}

/** The row of a call, whoever's it is: for carrier callbacks, workers and media. Null when there is none. */
export async function findCall(ctx: ServiceContext, callId: string): Promise<CallRow | null> {
  if (!isId('call', callId)) return null
  const [row] = await ctx.db.orm.select().from(schema.calls).where(eq(schema.calls.id, callId))
  return row ?? null
}

export function callNotFound(): NotFound {
  return new NotFound('not_found', 'There is no such call: list yours with GET /v1/calls.')
}
