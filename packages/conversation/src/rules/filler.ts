import { currentResponse } from '../agent.ts'
import type { Draft } from '../state.ts'
import { addFiller } from './respond.ts'
import { isWaitingForTools } from './tools.ts'

/**
 * A model that is slow is covered by a word of ours ("one moment"), once an answer. It is heard and written down like anything that is said, but the
 * model is not shown it: models repeat what they are shown.
 */

/** When the caller has waited long enough for the first words of the answer; null while nobody waits. */
export function fillerDueMs(draft: Draft): number | null {
  const { agent, call, language, settings } = draft
  const { response } = agent
  if (call.name !== 'live' || agent.name !== 'thinking' || response === null) return null
  // A tool has words of its own.
  if (isWaitingForTools(draft)) return null
  if (settings.fillerAfterMs === null || language.holdPhrases.length === 0) return null
  if (response.kind !== 'answer' || !response.isLlmOpen || response.clauses.length > 0) return null
  return response.decidedMs === null ? null : response.decidedMs + settings.fillerAfterMs
}

export function onFillerDue(draft: Draft): void {
  if (fillerDueMs(draft) === null) return
  const { holdPhrases } = draft.language
  const response = currentResponse(draft)
  // Not by chance, so that a call can be replayed; and not the same one twice in a row.
  const phrase = holdPhrases[Number(response.id.slice(1)) % holdPhrases.length]
  if (phrase !== undefined) addFiller(draft, phrase)
}
