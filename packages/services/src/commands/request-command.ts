import { Conflict, newId } from '@phonevoice/base'
import { type CallKey, getCall } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'
import { requireStorableText } from '../text/storable.ts'
import type { CommandRequest } from './command.ts'

/**
 * Leaves a command for the process that holds the call, and tells it. The row is the message; the bus carries ids only. Throws `not_found`, or
 * `call_not_live` when there is no conversation to take a hand in.
 */
export async function requestCommand(
  ctx: ServiceContext,
  input: CallKey & { command: CommandRequest },
): Promise<{ commandId: string }> {
  const call = await getCall(ctx, input)
  if (call.status !== 'in_progress' || call.nodeId === null || call.endingReason !== null) throw callNotLive()
  const { kind, ...payload } = input.command
  const payloadText = JSON.stringify(payload)
  requireStorableText(payload, '')
  const commandId = newId('command')
  await ctx.db.sql`
    insert into call_commands (id, call_id, node_id, kind, payload, created_at)
    values (${commandId}, ${call.id}, ${call.nodeId}, ${kind}, ${payloadText}, ${new Date(ctx.clock.now())})`
  ctx.publish({ topic: 'call-command', nodeId: call.nodeId, callId: call.id, commandId })
  return { commandId }
}

export function callNotLive(): Conflict {
  return new Conflict(
    'call_not_live',
    'There is no conversation on this call now: it has not been answered, is ending, or has ended.',
  )
}
