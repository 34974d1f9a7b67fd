import type { ConversationEvent, ConversationState } from '@phonevoice/conversation'
import { announcementsMax } from '@phonevoice/conversation'
import type { CommandRequest, CommandResult } from '@phonevoice/services/commands'

export type ControlCommand = CommandRequest
export type ControlResult = CommandResult

/** Turns a command from outside into events of the conversation, and says from its state what came of it. */
export function carryOut(
  command: ControlCommand,
  stateNow: () => ConversationState,
  dispatch: (event: ConversationEvent) => void,
): ControlResult {
  const before = stateNow()
  if (before.call.name !== 'live') return { status: 'refused', reason: 'not_live' }
  const isAnnouncement = command.kind === 'say' || command.kind === 'keys'
  if (isAnnouncement && before.call.announcements.length >= announcementsMax)
    return { status: 'refused', reason: 'too_many' }
  dispatch(eventOf(command))
  const after = stateNow()
  switch (command.kind) {
    case 'say':
    case 'keys':
      // What still waits stands in the queue; what does not is on its way out.
      return {
        status: 'done',
        result: after.call.announcements.length > before.call.announcements.length ? 'queued' : 'speaking',
      }
    case 'context':
      return { status: 'done', result: 'added' }
    case 'mute':
      return { status: 'done', result: command.muted ? 'muted' : 'unmuted' }
    case 'end':
      return { status: 'done', result: 'ending' }
    default:
      return command satisfies never
  }
}

function eventOf(command: ControlCommand): ConversationEvent {
  switch (command.kind) {
    case 'say':
      return { type: 'say-requested', text: command.text, isUrgent: command.interrupt }
    case 'keys':
      return { type: 'keys-requested', digits: command.digits }
    case 'context':
      return { type: 'context-added', text: command.text }
    case 'mute':
      return { type: 'silence-requested', isSilenced: command.muted }
    case 'end':
      return { type: 'end-requested', reason: 'api_ended', message: command.message }
    default:
      return command satisfies never
  }
}
