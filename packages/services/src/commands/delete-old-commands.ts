import type { ServiceContext } from '../context.ts'

const KEEP_MS = 24 * 3_600_000

/** Commands are messages, not records: a day later nobody asks for them. */
export async function deleteOldCommands(ctx: ServiceContext): Promise<void> {
  await ctx.db.sql`delete from call_commands where created_at < ${new Date(ctx.clock.now() - KEEP_MS)}`
}
