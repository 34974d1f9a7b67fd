/**
 * The vendors, as cheap as can be: realtime transcription that always hears the same sentence, chat completions that always give the same answer but for a name, a
 * voice that is as long as its text. Each with a fixed delay and nothing else, so that what a call takes longer is ours.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { encodeSpeech } from '../../apps/sandbox/src/speech/index.ts'
import { ANSWER_WORDS, answerWords, CALLER_TEXT, DELAYS, SPOKEN_WORD_MS } from './script.ts'

const VOICE_BYTES_PER_MS = 48
/** The voice makes audio five times faster than it is spoken. */
const VOICE_CHUNK_MS = 200
const VOICE_CHUNK_EVERY_MS = 40

export async function startStandIns(): Promise<{ url: string; server: Server }> {
  const voice = makeVoice()
  let answers = 0
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (path.endsWith('/chat/completions'))
      void readBody(request).then(() => think(response, answerWords(++answers)))
    else if (path.endsWith('/audio/speech'))
      void readBody(request).then((body) => speak(response, voice, body))
    else response.end('{"data":[]}')
  })
  server.keepAliveTimeout = 60_000
  const upgrader = new WebSocketServer({ server, perMessageDeflate: false })
  upgrader.on('connection', (socket) => {
    let items = 0
    socket.on('message', (data: Buffer) => {
      // Fifty of these a second and call: not worth a parse.
      if (data.includes('input_audio_buffer.append')) return
      if (data.includes('session.update')) socket.send('{"type":"session.updated","session":{}}')
      if (!data.includes('input_audio_buffer.commit')) return
      const item = `item_${++items}`
      socket.send(`{"type":"input_audio_buffer.committed","item_id":"${item}"}`)
      const final = {
        type: 'conversation.item.input_audio_transcription.completed',
        item_id: item,
        content_index: 0,
        transcript: CALLER_TEXT,
      }
      setTimeout(() => socket.send(JSON.stringify(final)), DELAYS.sttFinalMs)
    })
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, server }
}

function think(response: ServerResponse, words: readonly string[]): void {
  const chunk = (delta: object, finishReason: string | null) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 0, model: 'm', choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`
  let sent = 0
  const startedAt = performance.now()
  const next = (): void => {
    if (response.destroyed) return
    if (sent === 0) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(chunk({ role: 'assistant', content: '' }, null))
    }
    const word = words[sent]
    if (word === undefined) {
      const usage = {
        prompt_tokens: 50,
        completion_tokens: words.length,
        total_tokens: 50 + words.length,
      }
      response.end(
        `${chunk({}, 'stop')}data: ${JSON.stringify({ id: 'c', choices: [], usage })}\n\ndata: [DONE]\n\n`,
      )
      return
    }
    response.write(chunk({ content: sent === 0 ? word : ` ${word}` }, null))
    sent++
    // Against the start, not the last word: late timers must not add up.
    setTimeout(next, startedAt + DELAYS.llmFirstTokenMs + sent * DELAYS.llmPerWordMs - performance.now())
  }
  setTimeout(next, DELAYS.llmFirstTokenMs)
}

function speak(response: ServerResponse, voice: Buffer, body: string): void {
  const { input } = JSON.parse(body) as { input: string }
  const totalBytes = input.trim().split(/\s+/).length * SPOKEN_WORD_MS * VOICE_BYTES_PER_MS
  const chunkBytes = VOICE_CHUNK_MS * VOICE_BYTES_PER_MS
  let sent = 0
  const startedAt = performance.now()
  const next = (): void => {
    if (response.destroyed) return
    if (sent === 0) response.writeHead(200, { 'content-type': 'audio/pcm' })
    response.write(voice.subarray(sent, Math.min(sent + chunkBytes, totalBytes)))
    sent += chunkBytes
    if (sent >= totalBytes) {
      response.end()
      return
    }
    const chunks = sent / chunkBytes
    setTimeout(next, startedAt + DELAYS.ttsFirstByteMs + chunks * VOICE_CHUNK_EVERY_MS - performance.now())
  }
  setTimeout(next, DELAYS.ttsFirstByteMs)
}

/** Speech-like audio at 24 kHz, long enough for the whole answer in one piece. */
function makeVoice(): Buffer {
  const needed = ANSWER_WORDS * SPOKEN_WORD_MS * VOICE_BYTES_PER_MS
  const speech = encodeSpeech(answerWords(0).join(' '), { sampleRateHz: 24_000 })
  const bytes = Buffer.from(speech.buffer, speech.byteOffset, speech.byteLength)
  return Buffer.alloc(needed, bytes)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
