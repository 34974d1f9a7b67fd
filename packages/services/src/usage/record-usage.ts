import type { schema } from '@phonevoice/db'
import type { ServiceContext } from '../context.ts'

export type UsageItem = typeof schema.usageItems.$inferSelect

/**
 * Raises what a call has used to `quantity`. The writer owns `key` (e.g. `<stream id>:stt`) and always says the total so far, so a repeated,
 * late or reordered write changes nothing.
 */
export async function recordUsage(ctx: ServiceContext, input: UsageItem): Promise<void> {
  await ctx.db.sql`
    insert into usage_items (call_id, key, component, provider, model, unit, quantity, source)
    values (${input.callId}, ${input.key}, ${input.component}, ${input.provider}, ${input.model}, ${input.unit},
      ${input.quantity}, ${input.source})
    on conflict (call_id, key) do update set quantity = excluded.quantity, source = excluded.source
    where usage_items.quantity < excluded.quantity`
}
