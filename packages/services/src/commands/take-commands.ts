import type { ServiceContext } from '../context.ts'
import { COMMAND_LIFE_MS, type CommandRequest } from './command.ts'

export interface TakenCommand {
  commandId: string
  callId: string
  command: CommandRequest
}

/** Hands a media node the commands left for it, oldest first, each once. What has waited too long is left: whoever asked has been told no. */
export async function takeCommands(ctx: ServiceContext, input: { nodeId: string }): Promise<TakenCommand[]> {
  const now = ctx.clock.now()
  const rows = await ctx.db.sql<
    { id: string; call_id: string; kind: CommandRequest['kind']; payload: string }[]
  >`
    update call_commands set taken_at = ${new Date(now)}
    where node_id = ${input.nodeId} and taken_at is null and created_at > ${new Date(now - COMMAND_LIFE_MS)}
    returning id, call_id, kind, payload`
  return (
    rows
      // Ids sort by age.
      .toSorted((one, other) => (one.id < other.id ? -1 : 1))
      .map((row) => ({
        commandId: row.id,
        callId: row.call_id,
        command: { kind: row.kind, ...JSON.parse(row.payload) } as CommandRequest,
      }))
  )
}
