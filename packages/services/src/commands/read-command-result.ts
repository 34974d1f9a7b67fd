import type { ServiceContext } from '../context.ts'
import type { CommandResult } from './command.ts'

/** What came of a command; null while nothing is known. */
export async function readCommandResult(
  ctx: ServiceContext,
  input: { commandId: string },
): Promise<CommandResult | null> {
  const [row] = await ctx.db.sql<{ result: string | null }[]>`
    select result from call_commands where id = ${input.commandId}`
  return row?.result ? (JSON.parse(row.result) as CommandResult) : null
}
