import type { ServiceContext } from '../context.ts'
import type { CommandResult } from './command.ts'

/** Says what came of a command. What was to be said is forgotten with it: it is in the call's events if it was spoken. */
export async function finishCommand(
  ctx: ServiceContext,
  input: { commandId: string; result: CommandResult },
): Promise<void> {
  await ctx.db.sql`
    update call_commands set result = ${JSON.stringify(input.result)}, payload = '{}', finished_at = ${new Date(ctx.clock.now())}
    where id = ${input.commandId} and result is null`
}
