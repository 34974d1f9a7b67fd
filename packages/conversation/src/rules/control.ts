import { currentResponse, enterThinking } from '../agent.ts'
import type { Announcement } from '../call.ts'
import type { Draft } from '../state.ts'
import { withMessage } from '../state.ts'
import { cutResponse } from './finish-response.ts'
import { expectProgress, say } from './respond.ts'

/**
 * What somebody outside does to a live call: words and keys are announcements, spoken one after another as soon as the agent has nothing else to say. Words
 * wait until the caller is silent, too, unless they are urgent: then they take the word from whoever has it. Keys are for a machine at the other end and
 * never wait for it to stop talking.
 */

/** Announcements that may wait. */
export const announcementsMax = 10

export function onAnnouncement(draft: Draft, announcement: Announcement): void {
  const { call } = draft
  if (call.name !== 'live' || call.announcements.length >= announcementsMax) return
  const isFirst = announcement.kind === 'words' && announcement.isUrgent
  call.announcements = isFirst ? [announcement, ...call.announcements] : [...call.announcements, announcement]
  if (isFirst) cutResponse(draft)
}

/** Speaks the next announcement, if it is its time. */
export function considerAnnouncement(draft: Draft): void {
  const { agent, call, caller } = draft
  const [next, ...rest] = call.announcements
  if (next === undefined || call.name !== 'live' || agent.name !== 'idle') return
  if (next.kind === 'words' && !next.isUrgent && caller.name !== 'silent') return
  call.announcements = rest
  if (next.kind === 'words') say(draft, 'announcement', [next.text])
  else playKeys(draft, next.digits)
}

/** A note for the model: part of the dialogue from now on, heard by nobody. A thought without it is out of date. */
export function addContext(draft: Draft, text: string): void {
  if (draft.call.name !== 'live' || text.trim() === '') return
  draft.notes += 1
  draft.history = withMessage(draft.history, { role: 'system', text })
}

/** A silenced agent listens and writes down, and says nothing of its own accord until it is given its voice back. */
export function setSilenced(draft: Draft, isSilenced: boolean): void {
  const { call, nowMs } = draft
  if (call.name !== 'live' || call.isSilenced === isSilenced) return
  call.isSilenced = isSilenced
  if (isSilenced) cutResponse(draft)
  else call.quietSinceMs = nowMs
}

function playKeys(draft: Draft, digits: string): void {
  if (draft.call.isMute) return
  const response = enterThinking(draft, { kind: 'keys' })
  const clause = {
    clauseId: 0,
    text: '',
    spoken: '',
    heardMs: 0,
    durationMs: null,
    isPlayed: false,
    isFiller: true,
  }
  currentResponse(draft).clauses = [clause]
  draft.effects.push({ type: 'keys-play', responseId: response.id, clauseId: 0, digits })
  draft.effects.push({ type: 'clauses-end', responseId: response.id })
  expectProgress(draft)
}
