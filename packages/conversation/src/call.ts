/**
 * The call machine: is there a conversation at all?
 *
 * connecting  No media stream yet. Nothing is armed and nobody speaks.
 *             -> live     `call-started`.
 *             -> closed   the end comes first (`end-requested`, `carrier-stopped`).
 * live        The conversation. The maximum duration is armed.
 *             -> closing  somebody wants the end, a limit is reached, or something of ours has failed for good. The first reason stays.
 * closing     The reason is fixed. The turn being spoken is cut or heard out, a goodbye is spoken if there is one, the last words of the caller are
 *             waited for (bounded), everything said is written down. No new turn is answered; nothing interrupts.
 *             -> closed   the agent is idle, no goodbye is left and every span of the caller is settled.
 * closed      `call-end` has been emitted and no effect follows, whatever comes.
 */
import { assertEntry } from './assert-entry.ts'
import type { Draft } from './state.ts'
import type { EndReason } from './types.ts'

export interface Call {
  name: 'connecting' | 'live' | 'closing' | 'closed'
  reason: EndReason | null
  /** Closing: words still to be spoken before the end. */
  goodbye: string | null
  /** When an ending that is being spoken stops being waited for. */
  goodbyeAtMs: number | null
  maxDurationAtMs: number | null
  /** Since when nothing has been said by anyone: the moment the caller stopped hearing the agent, or was last understood. */
  quietSinceMs: number
  reprompts: number
  /** Neither side can hear us any more, or the voice is lost: nothing may be spoken. */
  isMute: boolean
  /** Somebody has told the agent to say nothing of its own accord. */
  isSilenced: boolean
  /** Words and keys of others, still to be spoken. */
  announcements: readonly Announcement[]
}

/** What somebody outside wants the other side to hear. */
export type Announcement =
  | { readonly kind: 'words'; readonly text: string; readonly isUrgent: boolean }
  | { readonly kind: 'keys'; readonly digits: string }

export function newCall(): Call {
  return {
    name: 'connecting',
    reason: null,
    goodbye: null,
    goodbyeAtMs: null,
    maxDurationAtMs: null,
    quietSinceMs: 0,
    reprompts: 0,
    isMute: false,
    isSilenced: false,
    announcements: [],
  }
}

export function enterLive(draft: Draft): void {
  assertEntry(draft.call.name === 'connecting', 'only a connecting call goes live')
  draft.call.name = 'live'
  draft.call.quietSinceMs = draft.nowMs
  draft.call.maxDurationAtMs = draft.nowMs + draft.settings.maxDurationMs
}

export function enterClosing(draft: Draft, reason: EndReason, goodbye: string | null): void {
  assertEntry(draft.call.name === 'live', 'only a live call starts closing')
  draft.call.name = 'closing'
  draft.call.reason = reason
  draft.call.goodbye = goodbye
  draft.call.announcements = []
  draft.call.goodbyeAtMs = null
  draft.call.maxDurationAtMs = null
}

export function enterClosed(draft: Draft, reason: EndReason): void {
  assertEntry(draft.call.name !== 'closed', 'a call ends once')
  assertEntry(draft.agent.name === 'idle', 'the agent is idle when the call ends')
  draft.call.name = 'closed'
  draft.call.reason = reason
  draft.call.goodbye = null
  draft.call.goodbyeAtMs = null
  draft.call.maxDurationAtMs = null
  draft.timers = {}
  draft.effects.push({ type: 'call-end', reason })
}
