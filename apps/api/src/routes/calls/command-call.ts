import { InternalError, LimitExceeded, type Timers } from '@phonevoice/base'
import type { ControlResult } from '@phonevoice/contracts'
import type { CallKey } from '@phonevoice/services/calls'
import {
  COMMAND_LIFE_MS,
  type CommandRequest,
  callNotLive,
  readCommandResult,
  requestCommand,
  withdrawCommand,
} from '@phonevoice/services/commands'
import type { ServiceContext } from '@phonevoice/services/context'

/** The result is usually there within a few tens of milliseconds. */
const LOOK_EVERY_MS = 25
/** For a result that was under way when the command would have been given up. */
const GRACE_MS = 1000

/**
 * Has the process that holds a call carry a command out, and waits for what came of it. Throws `not_found`, `call_not_live` (also when nobody takes the
 * command: then nothing has happened), `rate_limited` when too much waits to be spoken.
 */
export async function commandCall(
  context: ServiceContext,
  timers: Timers,
  input: CallKey & { command: CommandRequest },
): Promise<ControlResult> {
  const { commandId } = await requestCommand(context, input)
  const startedAt = timers.now()
  let deadline = startedAt + COMMAND_LIFE_MS
  let isTaken = false
  for (;;) {
    const result = await readCommandResult(context, { commandId })
    if (result?.status === 'done')
      return { object: 'control_result', call_id: input.callId, result: result.result }
    if (result?.reason === 'too_many')
      throw new LimitExceeded('rate_limited', 'Too much waits to be spoken on this call: try again later.', {
        context: { retryAfterSeconds: 5 },
      })
    if (result) throw callNotLive()
    if (timers.now() >= deadline) {
      if (isTaken)
        throw new InternalError('A command was taken and nothing came of it.', { context: { commandId } })
      if (await withdrawCommand(context, { commandId })) throw callNotLive()
      isTaken = true
      deadline += GRACE_MS
    }
    await new Promise<void>((resolve) => timers.after(LOOK_EVERY_MS, resolve))
  }
}
