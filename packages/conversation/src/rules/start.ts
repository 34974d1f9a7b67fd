import { enterLive } from '../call.ts'
import type { Draft } from '../state.ts'
import { withMessage } from '../state.ts'
import type { ConversationEvent, HistoryMessage } from '../types.ts'
import { greetingTexts, say, startAnswer } from './respond.ts'

/**
 * The media stream is up. A new call is greeted (the disclosure cannot be interrupted), or the caller speaks first. A call that another process held
 * before hears a sentence of ours at once, and then the answer it is owed, if the caller had the last word; unless the disclosure was not heard, which
 * nothing goes before.
 */
export function onCallStarted(
  draft: Draft,
  event: Extract<ConversationEvent, { type: 'call-started' }>,
): void {
  if (draft.call.name !== 'connecting') return
  const { call, settings, language } = draft
  enterLive(draft)
  call.isSilenced = event.isSilenced ?? false
  // Utterances as they were written down: the caller may have had two in a row.
  draft.history = event.history.reduce<readonly HistoryMessage[]>(withMessage, [])
  draft.turns = event.turns ?? 0
  const isUndisclosed = settings.disclosure !== null && event.isDisclosed !== true
  if (!event.resumed || isUndisclosed) {
    const texts = greetingTexts(settings)
    const disclosures = settings.disclosure === null ? 0 : 1
    say(draft, 'greeting', texts, settings.interruption.firstMessage ? disclosures : texts.length)
    return
  }
  if (call.isSilenced) return
  const words = language.resumed
  if (event.history.at(-1)?.role === 'user') startAnswer(draft, [], words)
  else if (words !== null) say(draft, 'greeting', [words])
}
