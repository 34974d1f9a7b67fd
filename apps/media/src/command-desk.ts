import type { Log, Timers } from '@phonevoice/base'
import { deleteOldCommands, finishCommand, takeCommands } from '@phonevoice/services/commands'
import type { ServiceContext } from '@phonevoice/services/context'
import type { Session } from './session.ts'

/** How often the desk looks by itself: wake-ups may be lost. */
const LOOK_EVERY_MS = 1000
const TIDY_EVERY_MS = 3_600_000

/** Takes the commands left for this process's calls, has the sessions carry them out, and says what came of them. */
export interface CommandDesk {
  /** There may be something new. Never throws. */
  look(): Promise<void>
  close(): void
}

export function createCommandDesk(options: {
  ctx: ServiceContext
  nodeId: string
  sessions: ReadonlyMap<string, Pick<Session, 'control'>>
  timers: Timers
  log: Log
}): CommandDesk {
  const { ctx, nodeId, sessions, timers, log } = options
  let isLooking = false
  let isAskedAgain = false
  const clock = timers.every(LOOK_EVERY_MS, () => {
    if (sessions.size > 0) void look()
  })
  const tidy = timers.every(TIDY_EVERY_MS, () => {
    deleteOldCommands(ctx).catch((error: unknown) => log.warn('old commands could not be deleted', { error }))
  })

  async function look(): Promise<void> {
    if (isLooking) {
      isAskedAgain = true
      return
    }
    isLooking = true
    try {
      do {
        isAskedAgain = false
        for (const { commandId, callId, command } of await takeCommands(ctx, { nodeId })) {
          const result = sessions.get(callId)?.control(command) ?? { status: 'refused', reason: 'not_live' }
          log.info('a call was commanded', { callId, kind: command.kind, status: result.status })
          await finishCommand(ctx, { commandId, result })
        }
      } while (isAskedAgain)
    } catch (error) {
      log.warn('commands could not be read or answered', { error })
    } finally {
      isLooking = false
    }
  }

  return {
    look,
    close() {
      clock.cancel()
      tidy.cancel()
    },
  }
}
