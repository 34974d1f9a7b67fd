import type { schema } from '@phonevoice/db'
import type { ServiceContext } from '../context.ts'

export type UsageItem = typeof schema.usageItems.$inferSelect

/**
 * Raises what a call has used to each line's `quantity`, in one statement. The writer owns `key` (e.g. `<stream id>:stt`), which is in `lines` once, and always
 * says the total so far, so a repeated, late or reordered write changes nothing.
 */
export async function recordUsageLines(
  ctx: ServiceContext,
  input: { callId: string; lines: readonly Omit<UsageItem, 'callId'>[] },
): Promise<void> {
  await usageLinesWrite(ctx, input.callId, input.lines)
}

/** The statement of it, or a part of a larger one. */
export function usageLinesWrite(
  ctx: ServiceContext,
  callId: string,
  lines: readonly Omit<UsageItem, 'callId'>[],
) {
  return ctx.db.sql`
    insert into usage_items (call_id, key, component, provider, model, unit, quantity, source)
    select ${callId}, line.* from unnest(
      ${lines.map(({ key }) => key)}::text[], ${lines.map(({ component }) => component)}::text[],
      ${lines.map(({ provider }) => provider)}::text[], ${lines.map(({ model }) => model)}::text[],
      ${lines.map(({ unit }) => unit)}::text[], ${lines.map(({ quantity }) => quantity)}::float8[],
      ${lines.map(({ source }) => source)}::text[]
    ) as line
    on conflict (call_id, key) do update set quantity = excluded.quantity, source = excluded.source
    where usage_items.quantity < excluded.quantity`
}

/** One line of it. */
export async function recordUsage(ctx: ServiceContext, { callId, ...line }: UsageItem): Promise<void> {
  await recordUsageLines(ctx, { callId, lines: [line] })
}
