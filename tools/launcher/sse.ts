/** One message of a server-sent event stream (WHATWG HTML, "Server-sent events"). */
export interface StreamMessage {
  event: string
  data: string
  id: string | null
}

/** Yields the messages of an answer as they arrive; comments and other fields are skipped. Ends when the answer ends. */
export async function* readMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamMessage> {
  let rest = ''
  let message: { event: string; data: string[]; id: string | null } = { event: 'message', data: [], id: null }
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() as string
    for (const line of lines) {
      if (line === '') {
        if (message.data.length > 0) yield { ...message, data: message.data.join('\n') }
        message = { event: 'message', data: [], id: message.id }
        continue
      }
      const colon = line.indexOf(':')
      const name = colon === -1 ? line : line.slice(0, colon)
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (name === 'data') message.data.push(value)
      else if (name === 'event') message.event = value
      else if (name === 'id') message.id = value
    }
  }
}
