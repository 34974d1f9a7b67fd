import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { HeardWord } from '../../speech/index.ts'
import type { Fault } from '../faults.ts'
import type { ProviderContext } from '../http.ts'
import { createListener } from '../sockets/listener.ts'
import { createOutbox } from '../sockets/outbox.ts'
import type { SocketEndpoint } from '../sockets/upgrade.ts'
import { requireToken, toDeepgramFault } from './deepgram-error.ts'
import { type ListenQuery, readListenQuery } from './query.ts'

/** "Audio Keep Alive": a session without audio or KeepAlive ends after this. */
const IDLE_MS = 10_000
/** Long speech is made final in pieces of about this length, at the end of a word. */
const PIECE_MS = 3000

/** `/v1/listen`: Deepgram's streaming recognition ("Live Audio", "Endpointing", "Utterance End", "Finalize", "Close Stream"). */
export const listenEndpoint: SocketEndpoint = {
  path: '/v1/listen',
  accept(request, url, context) {
    requireToken(request.headers.authorization)
    const query = readListenQuery(url)
    const fault = context.faults.take('transcription', { kinds: ['status'], text: '' })
    if (fault) throw toDeepgramFault(fault)
    return (socket) => serveListen(socket, request, query, context)
  },
}

/**
 * The audio is cut into segments; what was said in one is told as `Results`: guesses that replace each other, then one that is final. An utterance, which is
 * one or several segments, ends with the flag `speech_final` or, when `endpointing` found no silence, with `UtteranceEnd`.
 */
function serveListen(
  socket: WebSocket,
  request: IncomingMessage,
  query: ListenQuery,
  context: ProviderContext,
): void {
  const { timers, latencies, faults, requests, log } = context
  const entry = requests.add('transcription', '/v1/listen', request.headers, query)
  const requestId = randomUUID()
  const outbox = createOutbox(timers)
  let segmentStartMs = 0
  let words: HeardWord[] = []
  let lastWordEndMs = 0
  let isInUtterance = false
  let hasHadAudio = false
  let isStalled = false
  let lastActivityMs = timers.now()

  const listener = createListener({
    encoding: query.encoding,
    onWord(word) {
      if (!isInUtterance && query.vad_events)
        send(0, { type: 'SpeechStarted', channel: [0], timestamp: seconds(word.startMs) })
      isInUtterance = true
      words.push(word)
      lastWordEndMs = word.endMs
      if (word.endMs - segmentStartMs >= PIECE_MS) conclude({ until: word.endMs, delayMs: 0 })
      else if (query.interim_results) send(0, results(word.endMs, { isFinal: false }))
    },
  })
  const idle = timers.every(1000, () => {
    if (timers.now() - lastActivityMs < IDLE_MS) return
    socket.close(
      1011,
      'NET-0001: Deepgram did not receive audio data or a text message within the timeout window.',
    )
  })

  function send(delayMs: number, message: object): void {
    outbox.add(delayMs, () => {
      if (!isStalled && socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
    })
  }

  function results(
    untilMs: number,
    { isFinal = true, isSpeechFinal = false, isFromFinalize = false },
  ): object {
    const transcript = words.map(({ text }) => text).join(' ')
    return {
      type: 'Results',
      channel_index: [0, 1],
      duration: seconds(untilMs - segmentStartMs),
      start: seconds(segmentStartMs),
      is_final: isFinal,
      speech_final: isSpeechFinal,
      from_finalize: isFromFinalize,
      channel: {
        alternatives: [
          {
            transcript,
            confidence: transcript === '' ? 0 : 0.98,
            words: words.map(({ text, startMs, endMs }) => ({
              word: plain(text),
              punctuated_word: text,
              start: seconds(startMs),
              end: seconds(endMs),
              confidence: 0.98,
            })),
          },
        ],
      },
      metadata: {
        request_id: requestId,
        model_info: { name: query.model, version: 'sandbox', arch: query.model },
      },
    }
  }

  /** Makes the segment final and begins the next. */
  function conclude(how: {
    until: number
    delayMs: number
    isSpeechFinal?: boolean
    isFromFinalize?: boolean
  }) {
    const fault = takeFault(['slow'])
    send(how.delayMs + (fault?.delay_ms ?? 0), results(how.until, how))
    if (words.length > 0) {
      entry.reply = [entry.reply, ...words.map(({ text }) => text)].filter(Boolean).join(' ').slice(-10_000)
      requests.changed()
    }
    words = []
    segmentStartMs = how.until
  }

  function noticeSilence(): void {
    const { nowMs, soundUntilMs } = listener
    const silenceMs = nowMs - Math.max(soundUntilMs, lastWordEndMs)
    if (words.length > 0 && query.endpointing !== null && silenceMs >= query.endpointing) {
      conclude({ until: nowMs, delayMs: latencies.sttFinalMs, isSpeechFinal: true })
      if (query.utterance_end_ms === undefined) isInUtterance = false
    }
    if (
      isInUtterance &&
      query.utterance_end_ms !== undefined &&
      nowMs - lastWordEndMs >= query.utterance_end_ms
    ) {
      isInUtterance = false
      send(0, { type: 'UtteranceEnd', channel: [0, 1], last_word_end: seconds(lastWordEndMs) })
    }
  }

  function control(text: string): void {
    switch (typeOf(text)) {
      case 'KeepAlive':
        // It keeps a session alive that has had audio; one that never had any ends all the same.
        if (hasHadAudio) lastActivityMs = timers.now()
        break
      case 'Finalize':
        // With nothing left to say there may be no answer.
        if (listener.nowMs > segmentStartMs)
          conclude({
            until: listener.nowMs,
            delayMs: latencies.sttFinalMs,
            isSpeechFinal: words.length > 0,
            isFromFinalize: true,
          })
        isInUtterance = false
        break
      case 'CloseStream':
        finish()
        break
      default:
        socket.close(1008, 'DATA-0000: The payload cannot be decoded.')
    }
  }

  function finish(): void {
    if (words.length > 0) conclude({ until: listener.nowMs, delayMs: 0, isSpeechFinal: true })
    send(0, {
      type: 'Metadata',
      transaction_key: 'deprecated',
      request_id: requestId,
      created: new Date(timers.now()).toISOString(),
      duration: seconds(listener.nowMs),
      channels: 1,
    })
    outbox.add(0, () => socket.close(1000))
  }

  function takeFault(kinds: readonly Fault['kind'][]): Fault | null {
    if (faults.list().length === 0) return null
    return faults.take('transcription', { kinds, text: listener.heard, count: listener.wordCount })
  }

  function strike(): void {
    const fault = takeFault(['cut', 'stall', 'error-payload'])
    if (!fault) return
    entry.outcome = 'failed'
    requests.changed()
    if (fault.kind === 'cut') socket.terminate()
    else if (fault.kind === 'stall') isStalled = true
    else
      send(0, {
        type: 'Error',
        description: fault.message,
        message: fault.code ?? 'UNKNOWN',
        variant: 'UNKNOWN',
      })
  }

  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) control(data.toString())
    else if (data.length === 0) finish()
    else {
      hasHadAudio = true
      lastActivityMs = timers.now()
      listener.push(data)
      noticeSilence()
      strike()
    }
  })
  socket.on('error', (error) => log.debug('A Deepgram socket failed.', { error }))
  socket.on('close', () => {
    idle.cancel()
    outbox.clear()
    if (entry.outcome === 'running') entry.outcome = 'completed'
    requests.changed()
  })
}

export function seconds(ms: number): number {
  return Math.round(ms / 10) / 100
}

/** A word as the vendor lists it: small and without punctuation. */
export function plain(word: string): string {
  return word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '') || word
}

/** The `type` of a control message; null when it is none. */
export function typeOf(text: string): string | null {
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && 'type' in message ? String(message.type) : null
  } catch {
    return null
  }
}
