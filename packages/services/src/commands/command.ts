/** What somebody outside may do to a live call. */
export type CommandRequest =
  | { kind: 'say'; text: string; interrupt: boolean }
  | { kind: 'keys'; digits: string }
  | { kind: 'context'; text: string }
  | { kind: 'mute'; muted: boolean }
  | { kind: 'end'; message: string | null }

/** What came of it, as the process that holds the call says. */
export type CommandResult =
  | { status: 'done'; result: 'speaking' | 'queued' | 'added' | 'muted' | 'unmuted' | 'ending' }
  /** `not_live`: the conversation is over or ending. `too_many`: others wait to be spoken. */
  | { status: 'refused'; reason: 'not_live' | 'too_many' }

/** How long a command is worth carrying out; whoever asked is told by then that nothing came of it. */
export const COMMAND_LIFE_MS = 3000
