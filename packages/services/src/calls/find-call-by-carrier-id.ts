import { schema } from '@phonevoice/db'
import { desc, eq } from 'drizzle-orm'
import type { ServiceContext } from '../context.ts'
import type { CallRow } from './call-row.ts'

/**
 * The call that the carrier knows under this id, whoever's it is: for callbacks of a number, which cannot name our call. The carrier's word for the
 * account must be checked against the row's. Null when there is none.
 */
export async function findCallByCarrierId(
  ctx: ServiceContext,
  input: { carrierCallId: string },
): Promise<CallRow | null> {
  const { calls } = schema
  if (input.carrierCallId === '' || input.carrierCallId.includes('\0')) return null
  const [row] = await ctx.db.orm
    .select()
    .from(calls)
    .where(eq(calls.carrierCallId, input.carrierCallId))
    .orderBy(desc(calls.createdAt))
    .limit(1)
  return row ?? null
}
