import { withoutHangupMarkers } from './hangup-marker.ts'

/** Written text as a voice should be given it: no markdown, no emoji, single blanks. Empty when nothing is left to say. */
export function speakable(text: string): string {
  const plain = withoutHangupMarkers(text)
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^\s*(#{1,6}|>|[-*+•])\s+/gm, '')
    .replace(/[*`~]+/g, '')
    .replace(/(^|\s)_+|_+(?=\s|[.,!?;:]|$)/g, '$1')
    .replace(/(?![©®™])\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}/gu, '')
    .replace(/\u200d|\ufe0f|\u20e3/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  return /[\p{L}\p{N}$€£%&@]/u.test(plain) ? plain : ''
}
