/**
 * The vendors, as cheap as can be: realtime transcription that reads the caller's frames, chat completions whose answer follows from the request, a voice that
 * is as long as its text. Each with a fixed delay and nothing else, so that what a call takes longer is ours.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { AUDIO, guessedAt, type Heard, readLastFrame } from './frames.ts'
import { ANSWER_WORDS, answerWords, DELAYS, nameOf, placesOf, UTTERANCES } from './script.ts'
import { wordAudio } from './voice.ts'

/** The voice makes audio five times faster than it is spoken. */
const VOICE_WORD_EVERY_MS = 52

export interface ChatMessage {
  role: string
  content: string | null
}

export interface StandIns {
  url: string
  server: Server
  /** Whether the recogniser tells its guesses while somebody speaks. */
  tellGuesses(isOn: boolean): void
}

/** `onAsked` sees every request to the model. */
export async function startStandIns(onAsked: (messages: readonly ChatMessage[]) => void): Promise<StandIns> {
  let areGuessesTold = false
  let answers = 0
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (path.endsWith('/chat/completions'))
      void readBody(request).then((body) => {
        const { messages = [] } = JSON.parse(body) as { messages?: ChatMessage[] }
        onAsked(messages)
        think(response, answerWords(++answers, wordsWanted(messages)))
      })
    else if (path.endsWith('/audio/speech')) void readBody(request).then((body) => speak(response, body))
    else response.end('{"data":[]}')
  })
  server.keepAliveTimeout = 60_000
  const upgrader = new WebSocketServer({ server, perMessageDeflate: false, skipUTF8Validation: true })
  upgrader.on('connection', (socket) => listen(socket, () => areGuessesTold))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    server,
    tellGuesses(isOn) {
      areGuessesTold = isOn
    },
  }
}

function listen(socket: WebSocket, areGuessesTold: () => boolean): void {
  let items = 0
  /** What was heard since the last commit, in order. */
  let heard: Heard[] = []
  let told = 0

  function hear(message: Buffer): void {
    const from = message.indexOf('"audio":"') + 9
    const last = readLastFrame(message, from, message.indexOf('"', from))
    if (!last) return
    const known = heard.find(({ utterance }) => utterance === last.utterance)
    if (known) known.frames = last.frames
    else heard.push(last)
    if (!areGuessesTold()) return
    const words = heard.flatMap((part) => wordsOf(part, true))
    const fresh = words.slice(told)
    if (fresh.length === 0) return
    const delta = (told === 0 ? '' : ' ') + fresh.join(' ')
    told = words.length
    socket.send(
      `{"type":"conversation.item.input_audio_transcription.delta","item_id":"item_${items + 1}","content_index":0,"delta":${JSON.stringify(delta)}}`,
    )
  }

  function commit(): void {
    const item = `item_${++items}`
    const text = JSON.stringify(heard.flatMap((part) => wordsOf(part, false)).join(' '))
    heard = []
    told = 0
    socket.send(`{"type":"input_audio_buffer.committed","item_id":"${item}"}`)
    setTimeout(
      () =>
        socket.send(
          `{"type":"conversation.item.input_audio_transcription.completed","item_id":"${item}","content_index":0,"transcript":${text}}`,
        ),
      DELAYS.sttFinalMs,
    )
  }

  socket.on('message', (data: Buffer) => {
    const kind = data.toString('latin1', 0, 40)
    if (kind.includes('input_audio_buffer.append')) hear(data)
    else if (kind.includes('input_audio_buffer.commit')) commit()
    else if (kind.includes('session.update')) socket.send('{"type":"session.updated","session":{}}')
  })
  socket.on('error', () => {})
}

/** The words heard so far; a guess knows a word from its first half. */
function wordsOf({ utterance, caller, frames }: Heard, isGuess: boolean): string[] {
  const { words, wordEnds } = AUDIO[utterance]
  return words
    .filter((_, at) => frames >= (isGuess ? guessedAt(wordEnds, at) : (wordEnds[at] ?? 0) - 2))
    .map((word) => word.replace('#', nameOf(caller)))
}

function wordsWanted(messages: readonly ChatMessage[]): number {
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  if (asked.includes(UTTERANCES.storyRequest)) return ANSWER_WORDS.story
  return asked.includes(UTTERANCES.listRequest) ? ANSWER_WORDS.list : ANSWER_WORDS.usual
}

function think(response: ServerResponse, words: readonly string[]): void {
  const chunk = (delta: string, finishReason: string) =>
    `data: {"id":"c","object":"chat.completion.chunk","created":0,"model":"m","choices":[{"index":0,"delta":${delta},"finish_reason":${finishReason}}]}\n\n`
  let sent = 0
  const startedAt = performance.now()
  const next = (): void => {
    if (response.destroyed) return
    const word = words[sent]
    if (word === undefined) {
      const usage = `{"prompt_tokens":50,"completion_tokens":${sent},"total_tokens":${50 + sent}}`
      response.end(
        `${chunk('{}', '"stop"')}data: {"id":"c","choices":[],"usage":${usage}}\n\ndata: [DONE]\n\n`,
      )
      return
    }
    if (sent === 0) response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(chunk(`{"content":"${sent === 0 ? '' : ' '}${word}"}`, 'null'))
    sent++
    // Against the start, not the last word: late timers must not add up.
    setTimeout(next, startedAt + DELAYS.llmFirstTokenMs + sent * DELAYS.llmPerWordMs - performance.now())
  }
  setTimeout(next, DELAYS.llmFirstTokenMs)
}

function speak(response: ServerResponse, body: string): void {
  const { input } = JSON.parse(body) as { input: string }
  const places = placesOf(input)
  let sent = 0
  const startedAt = performance.now()
  const next = (): void => {
    if (response.destroyed) return
    const place = places[sent]
    if (place === undefined) {
      response.end()
      return
    }
    if (sent === 0) response.writeHead(200, { 'content-type': 'audio/pcm' })
    response.write(wordAudio(place))
    sent++
    if (sent === places.length) response.end()
    else setTimeout(next, startedAt + DELAYS.ttsFirstByteMs + sent * VOICE_WORD_EVERY_MS - performance.now())
  }
  setTimeout(next, DELAYS.ttsFirstByteMs)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
