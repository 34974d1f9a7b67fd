import type { ServiceContext } from '../context.ts'

/** Takes a command back that nobody has taken. False: somebody has, and its result will come. */
export async function withdrawCommand(ctx: ServiceContext, input: { commandId: string }): Promise<boolean> {
  const taken = await ctx.db.sql`
    update call_commands set taken_at = ${new Date(ctx.clock.now())}, payload = '{}'
    where id = ${input.commandId} and taken_at is null`
  return taken.count === 1
}
