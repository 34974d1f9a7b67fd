/** The floor in practice: one turn on the stand-ins with nothing in between, no carrier, no conversation. */
import { WebSocket } from 'ws'
import { answerWords, DELAYS, WORDS_PER_SENTENCE } from './script.ts'

/** Milliseconds from the end of speech to the first byte of the voice. */
export async function measureSerialTurn(standInsUrl: string): Promise<number> {
  const socket = new WebSocket(`${standInsUrl.replace('http', 'ws')}/realtime`, { perMessageDeflate: false })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  try {
    const startedAt = performance.now()
    await new Promise((resolve) => setTimeout(resolve, DELAYS.silenceMs))
    await new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data.includes('completed')) resolve()
      })
      socket.send('{"type":"input_audio_buffer.commit"}')
    })
    await readUntil(
      await post(`${standInsUrl}/chat/completions`, {}),
      answerWords(0, WORDS_PER_SENTENCE + 1)[WORDS_PER_SENTENCE] ?? '',
    )
    const input = answerWords(0, WORDS_PER_SENTENCE).join(' ')
    await readUntil(await post(`${standInsUrl}/audio/speech`, { input }), null)
    return performance.now() - startedAt
  } finally {
    socket.close()
  }
}

async function post(url: string, body: object): Promise<Response> {
  return await fetch(url, { method: 'POST', body: JSON.stringify(body) })
}

/** Reads until the text has come, or, for null, anything at all; then leaves the rest. */
async function readUntil(response: Response, text: string | null): Promise<void> {
  const decoder = new TextDecoder()
  let read = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    if (text === null) break
    read += decoder.decode(chunk, { stream: true })
    if (read.includes(text)) break
  }
}
