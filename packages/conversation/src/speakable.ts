import { withoutHangupMarkers } from './hangup-marker.ts'
import type { Language } from './languages/language.ts'
import { withSpokenForms } from './spoken-forms.ts'

/** Written text as a voice should be given it: prices, addresses and abbreviations as they are said, no markdown, no emoji, single blanks. Empty when nothing is left to say. */
export function speakable(text: string, language: Language): string {
  const plain = withSpokenForms(withoutHangupMarkers(text), language)
    .replace(/^\s*(#{1,6}|>|[-*+•])\s+/gm, '')
    .replace(/[*`~]+/g, '')
    .replace(/(^|\s)_+|_+(?=\s|[.,!?;:]|$)/g, '$1')
    .replace(/(?![©®™])\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}/gu, '')
    .replace(/\u200d|\ufe0f|\u20e3/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  return /[\p{L}\p{N}$€£%&@]/u.test(plain) ? plain : ''
}
