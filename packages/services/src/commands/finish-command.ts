import type { ServiceContext } from '../context.ts'
import type { CommandResult } from './command.ts'

/**
 * Says what came of a command. What was to be said is forgotten with it: it is in the call's events if it was spoken. A note for the model is kept with the
 * call, in the same statement: whoever was told that it was added may rely on it, also when another process takes the call over.
 */
export async function finishCommand(
  ctx: ServiceContext,
  input: { commandId: string; result: CommandResult },
): Promise<void> {
  const now = new Date(ctx.clock.now())
  const isAdded = input.result.status === 'done' && input.result.result === 'added'
  await ctx.db.sql`
    with command as (
      select id, call_id, payload from call_commands where id = ${input.commandId} and result is null for update
    ), finished as (
      update call_commands c set result = ${JSON.stringify(input.result)}, payload = '{}', finished_at = ${now}
      from command where c.id = command.id
    )
    insert into call_notes (call_id, id, after_turn, text, created_at)
    select command.call_id, command.id, coalesce((select max(turn) from turns where turns.call_id = command.call_id), 0),
      command.payload::json ->> 'text', ${now}
    from command join calls on calls.id = command.call_id
    where ${isAdded} and calls.content_deleted_at is null
    on conflict do nothing`
}
