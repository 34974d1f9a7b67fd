/**
 * Turns the body of a chat completion into JSON values, however the server chose to send it: as server-sent events or as one JSON document. The
 * first character tells; content types of home-made servers do not.
 *
 * The `openai` package's own reader is not used for this: it fails on the first event that is not JSON, loses a last event that is not followed by a
 * blank line, and keeps an endless line in memory. Lines follow the event-stream format of the HTML standard (§9.2.6): comments, `event:`,
 * `data:` with or without a space, LF, CRLF or CR.
 */

/** Longest line or document accepted, in characters. Answers to be spoken are a thousandth of this. */
const LENGTH_MAX = 1_000_000

export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong'
}

/** Yields the parsed value of each event, or of the one document; values that are not JSON are skipped. Ends at `[DONE]` or with the body. */
export async function* readAnswer(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let kind: 'unknown' | 'document' | 'events' = 'unknown'
  let pending = ''
  const events = createEventAssembler()
  for await (const chunk of chunks) {
    pending += decoder.decode(chunk, { stream: true })
    if (kind === 'unknown') {
      const first = pending.trimStart()[0]
      if (first === undefined) continue
      kind = first === '{' || first === '[' ? 'document' : 'events'
    }
    if (kind === 'events') {
      const lines = pending.split(/\r\n|\n|\r(?!$)/)
      pending = lines.pop() ?? ''
      for (const line of lines) {
        const data = events.push(line)
        if (data === DONE) return
        if (data !== undefined) yield data
      }
    }
    if (pending.length > LENGTH_MAX)
      throw new AnswerTooLong('The answer has a line of more than a million characters.')
  }
  pending += decoder.decode()
  if (kind === 'document') {
    const value = parse(pending)
    if (value !== undefined) yield value
    return
  }
  for (const line of [pending, '']) {
    const data = events.push(line.replace(/\r$/, ''))
    if (data === DONE) return
    if (data !== undefined) yield data
  }
}

const DONE = Symbol('[DONE]')

/** Joins the `data:` lines of an event; the blank line after them completes it. */
function createEventAssembler(): { push(line: string): unknown } {
  let lines: string[] = []
  let length = 0
  return {
    push(line) {
      if (line === '') {
        const text = lines.join('\n')
        lines = []
        length = 0
        if (text.trim() === '[DONE]') return DONE
        return parse(text)
      }
      if (!line.startsWith('data:')) return undefined
      // Some servers leave out the blank lines: what was collected is complete once it parses.
      const previous = lines.length > 0 ? parse(lines.join('\n')) : undefined
      if (previous !== undefined) {
        lines = []
        length = 0
      }
      const text = line.slice(line[5] === ' ' ? 6 : 5)
      lines.push(text)
      length += text.length
      if (length > LENGTH_MAX)
        throw new AnswerTooLong('The answer has an event of more than a million characters.')
      return previous
    },
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
