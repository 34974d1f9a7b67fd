import type { PhoneReport } from '@phonevoice/sandbox'

/** Something the phone heard or did, as one line. */
export interface ConversationLine {
  atMs: number
  kind: 'heard' | 'said' | 'pressed'
  text: string
}

/** Words further apart than this belong to two sentences. */
const SENTENCE_GAP_MS = 700
/** A sentence is over once this long nothing was heard. */
const SETTLED_MS = 900

/**
 * The conversation so far in the order it began, as far as its lines cannot change any more: a sentence that is still being heard holds
 * back itself and everything after it. A later report has the same lines and more; one the phone was still saying may come in between.
 */
export function conversationLines(report: PhoneReport, hasEnded: boolean): ConversationLine[] {
  const heard = sentences(report).map(({ startMs, endMs, text }) => ({
    atMs: startMs,
    kind: 'heard' as const,
    text,
    isSettled: hasEnded || report.on_the_line_ms - endMs > SETTLED_MS,
  }))
  const said = report.said.utterances
    .filter((utterance) => utterance.text !== '')
    .map((utterance) => ({
      atMs: utterance.start_ms,
      kind: 'said' as const,
      text: utterance.is_cut
        ? `${utterance.words.map((word) => word.text).join(' ')} … (cut)`
        : utterance.text,
      isSettled: true,
    }))
  const pressed = report.pressed.map(({ at_ms, digit }) => ({
    atMs: at_ms,
    kind: 'pressed' as const,
    text: digit,
    isSettled: true,
  }))
  const all = [...heard, ...said, ...pressed].sort((one, other) => one.atMs - other.atMs)
  const open = all.findIndex(({ isSettled }) => !isSettled)
  return (open < 0 ? all : all.slice(0, open)).map(({ atMs, kind, text }) => ({ atMs, kind, text }))
}

interface Sentence {
  startMs: number
  endMs: number
  text: string
}

/** Heard words, split at pauses. */
function sentences(report: PhoneReport): Sentence[] {
  const found: Sentence[] = []
  for (const word of report.heard.words) {
    const last = found.at(-1)
    if (last && word.start_ms - last.endMs <= SENTENCE_GAP_MS) {
      last.endMs = word.end_ms
      last.text += ` ${word.text}`
    } else {
      found.push({ startMs: word.start_ms, endMs: word.end_ms, text: word.text })
    }
  }
  return found
}
