import { schema } from '@phonevoice/db'
import { asc, eq } from 'drizzle-orm'
import type { ServiceContext } from '../context.ts'
import type { UsageItem } from './record-usage.ts'

/** What a call has used so far, in the order of keys. */
export async function listUsage(ctx: ServiceContext, input: { callId: string }): Promise<UsageItem[]> {
  const { usageItems } = schema
  return await ctx.db.orm
    .select()
    .from(usageItems)
    .where(eq(usageItems.callId, input.callId))
    .orderBy(asc(usageItems.key))
}
