/** Removes `<think>…</think>` from streamed text: models that reason aloud must not be heard doing so. */
export interface ThinkFilter {
  /** The part of the text so far that is certainly to be spoken and was not returned yet. */
  push(text: string): string
  /** What was held back because it might have become a tag. Text inside an unclosed tag is dropped. */
  flush(): string
}

const OPEN = '<think>'
const CLOSE = '</think>'

/** The result does not depend on how the text is cut into pieces. White space after a closed tag goes with it. */
export function createThinkFilter(): ThinkFilter {
  let held = ''
  let isThinking = false
  let isAfterTag = false

  return {
    push(text) {
      held += text
      let spoken = ''
      for (;;) {
        if (isAfterTag) {
          held = held.trimStart()
          if (held !== '') isAfterTag = false
        }
        const tag = isThinking ? CLOSE : OPEN
        const at = held.indexOf(tag)
        if (at === -1) break
        if (!isThinking) spoken += held.slice(0, at)
        held = held.slice(at + tag.length)
        isAfterTag = isThinking
        isThinking = !isThinking
      }
      const keep = isThinking ? partialTag(held, CLOSE) : partialTag(held, OPEN)
      const settled = held.slice(0, held.length - keep)
      held = held.slice(held.length - keep)
      return isThinking ? spoken : spoken + settled
    },
    flush() {
      const rest = isThinking ? '' : held
      held = ''
      return rest
    },
  }
}

/** How many characters at the end of the text could be the beginning of the tag. */
function partialTag(text: string, tag: string): number {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length--) {
    if (tag.startsWith(text.slice(text.length - length))) return length
  }
  return 0
}
