import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { HeardWord } from '../../speech/index.ts'
import type { ProviderContext } from '../http.ts'
import { createListener } from '../sockets/listener.ts'
import { createOutbox } from '../sockets/outbox.ts'
import type { SocketEndpoint } from '../sockets/upgrade.ts'
import { requireToken, toDeepgramFault } from './deepgram-error.ts'
import { plain, seconds, typeOf } from './listen-socket.ts'
import { type FluxQuery, readFluxQuery } from './query.ts'

/** Nothing is documented; the sandbox ends a silent socket like `/v1/listen` does, without a KeepAlive to prevent it. */
const IDLE_MS = 10_000
/** "State machine": an `Update` about every quarter of a second of audio in which nothing else was told. */
const UPDATE_MS = 250
/** 20 ms of μ-law. */
const STEP_BYTES = 160
/** How sure the simulated model is that a turn is over: soon after a finished sentence, late in the middle of one. Milliseconds of silence. */
const SILENCE = {
  finished: { eagerMs: 160, endMs: 280 },
  unfinished: { eagerMs: 600, endMs: 1000 },
}

/** `/v2/listen`: Deepgram Flux, a recogniser that finds the ends of turns ("Flux": quickstart, state machine, ForceEndTurn). */
export const fluxEndpoint: SocketEndpoint = {
  path: '/v2/listen',
  accept(request, url, context) {
    requireToken(request.headers.authorization)
    const query = readFluxQuery(url)
    const fault = context.faults.take('transcription', { kinds: ['status'], text: '' })
    if (fault) throw toDeepgramFault(fault)
    return (socket) => serveFlux(socket, request, query, context)
  },
}

type TurnEvent = 'Update' | 'StartOfTurn' | 'EagerEndOfTurn' | 'TurnResumed' | 'EndOfTurn'

/** initial ── StartOfTurn ──► ongoing ⇄ awaiting-end (EagerEndOfTurn, TurnResumed) ── EndOfTurn ──► initial, with the next turn's number. */
function serveFlux(
  socket: WebSocket,
  request: IncomingMessage,
  query: FluxQuery,
  context: ProviderContext,
): void {
  const { timers, latencies, faults, requests, log } = context
  const entry = requests.add('transcription', '/v2/listen', request.headers, query)
  const outbox = createOutbox(timers)
  const requestId = randomUUID()
  let sequence = 0
  let state: 'initial' | 'ongoing' | 'awaiting-end' = 'initial'
  let turn = 0
  let turnStartMs = 0
  let toldAtMs = 0
  let words: HeardWord[] = []
  let isStalled = false
  let lastAudioMs = timers.now()

  const listener = createListener({
    encoding: query.encoding,
    onWord(word) {
      words.push(word)
      if (state === 'awaiting-end') become('ongoing', 'TurnResumed')
      else if (state === 'initial') become('ongoing', 'StartOfTurn')
    },
  })
  const idle = timers.every(1000, () => {
    if (timers.now() - lastAudioMs >= IDLE_MS) socket.close(1011, 'NET-0001: no audio.')
  })

  function send(delayMs: number, message: Record<string, unknown>): void {
    outbox.add(delayMs, () => {
      if (isStalled || socket.readyState !== socket.OPEN) return
      socket.send(JSON.stringify({ ...message, sequence_id: sequence++ }))
    })
  }

  function become(next: typeof state, event: TurnEvent, trigger?: 'model' | 'manual' | 'timeout'): void {
    state = next
    tell(event, trigger)
    if (event !== 'EndOfTurn') return
    entry.reply = [entry.reply, transcript()].filter(Boolean).join(' ').slice(-10_000)
    requests.changed()
    turn++
    turnStartMs = listener.nowMs
    words = []
  }

  function tell(event: TurnEvent, trigger?: string): void {
    toldAtMs = listener.nowMs
    const isEnd = event === 'EndOfTurn' || event === 'EagerEndOfTurn'
    const slow = event === 'EndOfTurn' ? takeFault(['slow']) : null
    send((isEnd ? latencies.sttFinalMs : 0) + (slow?.delay_ms ?? 0), {
      type: 'TurnInfo',
      request_id: requestId,
      event,
      turn_index: turn,
      audio_window_start: seconds(turnStartMs),
      audio_window_end: seconds(listener.nowMs),
      transcript: transcript(),
      words: words.map(({ text, startMs, endMs }) => ({
        word: plain(text),
        confidence: 0.97,
        start: seconds(startMs),
        end: seconds(endMs),
      })),
      end_of_turn_confidence: isEnd ? 0.86 : state === 'initial' ? 0 : 0.1,
      ...(trigger === undefined ? {} : { trigger }),
    })
  }

  const transcript = (): string => words.map(({ text }) => text).join(' ')

  function judge(): void {
    const { nowMs, soundUntilMs } = listener
    if (state !== 'initial') {
      const silenceMs = nowMs - Math.max(soundUntilMs, words.at(-1)?.endMs ?? 0)
      const limits = /[.!?…]["'”’»)\]]*$/u.test(transcript()) ? SILENCE.finished : SILENCE.unfinished
      // A threshold of 1 leaves ends to the client.
      const isModelSure = query.eot_threshold < 1 && silenceMs >= limits.endMs
      if (state === 'ongoing' && query.eager_eot_threshold !== undefined && silenceMs >= limits.eagerMs)
        become('awaiting-end', 'EagerEndOfTurn')
      if (isModelSure) become('initial', 'EndOfTurn', 'model')
      else if (silenceMs >= query.eot_timeout_ms) become('initial', 'EndOfTurn', 'timeout')
    }
    if (nowMs - toldAtMs >= UPDATE_MS) tell('Update')
  }

  function control(text: string): void {
    switch (typeOf(text)) {
      case 'ForceEndTurn':
        if (state !== 'initial') become('initial', 'EndOfTurn', 'manual')
        break
      case 'Configure':
        send(0, {
          type: 'ConfigureSuccess',
          request_id: requestId,
          thresholds: { eot_threshold: query.eot_threshold },
        })
        break
      case 'CloseStream':
        outbox.add(0, () => socket.close(1000))
        break
      default:
        fail('UNPARSABLE_CLIENT_MESSAGE', 'The message is not understood.', 1008)
    }
  }

  function fail(code: string, description: string, closeCode: number): void {
    send(0, { type: 'Error', code, description })
    outbox.add(0, () => socket.close(closeCode, code))
  }

  function takeFault(kinds: Parameters<typeof faults.take>[1]['kinds']) {
    if (faults.list().length === 0 || !kinds) return null
    return faults.take('transcription', { kinds, text: listener.heard, count: listener.wordCount })
  }

  function strike(): void {
    const fault = takeFault(['cut', 'stall', 'error-payload'])
    if (!fault) return
    entry.outcome = 'failed'
    requests.changed()
    if (fault.kind === 'cut') socket.terminate()
    else if (fault.kind === 'stall') isStalled = true
    else fail(fault.code ?? 'INTERNAL_SERVER_ERROR', fault.message, 1011)
  }

  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) {
      control(data.toString())
      return
    }
    lastAudioMs = timers.now()
    // In the vendor's own steps: a burst of audio is heard like the same audio in real time.
    for (let at = 0; at < data.length; at += STEP_BYTES) {
      listener.push(data.subarray(at, at + STEP_BYTES))
      judge()
    }
    strike()
  })
  socket.on('error', (error) => log.debug('A Flux socket failed.', { error }))
  socket.on('close', () => {
    idle.cancel()
    outbox.clear()
    if (entry.outcome === 'running') entry.outcome = 'completed'
    requests.changed()
  })
  send(0, { type: 'Connected', request_id: requestId })
}
