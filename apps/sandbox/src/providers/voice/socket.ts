import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { encodeMulaw, pcmToBytes } from '@phonevoice/audio'
import type { WebSocket } from 'ws'
import { pause } from '../../pause.ts'
import { encodeSpeechParts } from '../../speech/index.ts'
import type { ProviderContext } from '../http.ts'
import { EventError } from '../transcription/wire.ts'
import {
  type ResponseRequest,
  readResponseRequest,
  textToSpeak,
  updateVoiceSettings,
  type VoiceSettings,
  voiceClientEventSchema,
} from './wire.ts'

/** Assistant audio is about this many tokens a second, text one in four characters. */
const AUDIO_TOKENS_PER_SECOND = 20
const CHARACTERS_PER_TOKEN = 4
/** A session lives an hour at most. */
const SESSION_MS_MAX = 60 * 60_000

interface Response {
  id: string
  metadata: Record<string, string> | null | undefined
  cancel: AbortController
}

/**
 * A session of the Realtime API whose model reads texts aloud (reference and guide "Realtime conversations"). One response at a time. Per response:
 * `response.created`, `response.output_item.added`, `response.content_part.added`, audio and transcript deltas word by word, their `done` events and
 * `response.done` with the usage. A cancelled one sends a little more audio before it is done, as the real one may.
 */
export function serveVoice(
  socket: WebSocket,
  request: IncomingMessage,
  model: string,
  context: ProviderContext,
): void {
  const { timers, latencies, faults, requests, log } = context
  const closing = new AbortController()
  const signal = AbortSignal.any([closing.signal, context.closing])
  let settings: VoiceSettings = {
    instructions: '',
    format: { type: 'audio/pcm', rate: 24_000 },
    voice: 'alloy',
    speed: 1,
  }
  let hasSpoken = false
  let active: Response | null = null

  function send(type: string, payload: Record<string, unknown>): void {
    if (socket.readyState === socket.OPEN)
      socket.send(JSON.stringify({ type, event_id: newId('event'), ...payload }))
  }

  function sendError(error: EventError, eventId: unknown): void {
    const { code, message, param } = error
    send('error', {
      error: {
        type: 'invalid_request_error',
        code,
        message,
        param,
        event_id: typeof eventId === 'string' ? eventId : null,
      },
    })
  }

  function toSession(): Record<string, unknown> {
    const { instructions, format, voice, speed } = settings
    return {
      type: 'realtime',
      object: 'realtime.session',
      model,
      instructions,
      output_modalities: ['audio'],
      audio: { output: { format, voice, speed } },
    }
  }

  function receive(text: string): void {
    const parsed = voiceClientEventSchema.safeParse(parse(text))
    if (!parsed.success)
      throw new EventError('invalid_value', 'The event is not JSON of a known type with its fields.', 'type')
    const event = parsed.data
    switch (event.type) {
      case 'session.update':
        settings = updateVoiceSettings(settings, hasSpoken, event.session)
        send('session.updated', { session: toSession() })
        break
      case 'response.create': {
        if (active)
          throw new EventError('conversation_already_has_active_response', 'A response is in progress.')
        const response = readResponseRequest(event.response)
        void respond(response, text).catch((error: unknown) =>
          log.error('A simulated voice failed.', { error }),
        )
        break
      }
      case 'response.cancel':
        if (!active || (event.response_id !== undefined && event.response_id !== active.id))
          throw new EventError('response_cancel_not_active', 'Cancellation failed: no active response found.')
        active.cancel.abort()
        break
      default:
        event satisfies never
    }
  }

  async function respond(wanted: ResponseRequest, text: string): Promise<void> {
    const response: Response = { id: newId('resp'), metadata: wanted.metadata, cancel: new AbortController() }
    active = response
    const said = textToSpeak(wanted)
    const entry = requests.add('speech', '/v1/realtime', request.headers, wanted)
    const fault = faults.take('speech', { text })
    const stop = AbortSignal.any([signal, response.cancel.signal])
    const place = { response_id: response.id, output_index: 0, item_id: newId('item'), content_index: 0 }
    let audioSeconds = 0
    send('response.created', { response: toResponse(response, 'in_progress', null, null) })
    if (fault?.kind === 'status') {
      entry.outcome = 'failed'
      const error = { type: 'server_error', code: fault.code, message: fault.message }
      finish(response, 'failed', { type: 'failed', error }, 0, said)
      return
    }
    await pause(timers, latencies.ttsFirstByteMs + (fault?.kind === 'slow' ? fault.delay_ms : 0), stop)
    if (!stop.aborted) {
      const item = {
        id: place.item_id,
        object: 'realtime.item',
        type: 'message',
        role: 'assistant',
        content: [],
      }
      send('response.output_item.added', { response_id: response.id, output_index: 0, item })
      send('response.content_part.added', { ...place, part: { type: 'audio', transcript: '' } })
      hasSpoken = true
    }
    let count = 0
    const isMulaw = settings.format.type === 'audio/pcmu'
    const sampleRateHz = isMulaw ? 8000 : 24_000
    const words = encodeSpeechParts(said, { sampleRateHz, voice: settings.voice, speed: settings.speed })
    for (const pcm of words) {
      if (signal.aborted) return
      if (fault && count >= fault.after && fault.kind === 'stall') await pause(timers, fault.delay_ms, stop)
      if (fault && count >= fault.after && fault.kind === 'cut') {
        entry.outcome = 'failed'
        socket.terminate()
        return
      }
      audioSeconds += pcm.length / sampleRateHz
      count++
      const audio = isMulaw ? encodeMulaw(pcm) : pcmToBytes(pcm)
      send('response.output_audio.delta', { ...place, delta: Buffer.from(audio).toString('base64') })
      // The word that was under way when the cancel came has still been sent.
      if (stop.aborted) break
      await flushed(socket)
    }
    entry.reply = said
    if (response.cancel.signal.aborted) {
      entry.outcome = 'aborted'
      finish(response, 'cancelled', { type: 'cancelled', reason: 'client_cancelled' }, audioSeconds, said)
      return
    }
    send('response.output_audio_transcript.delta', { ...place, delta: said })
    send('response.output_audio.done', place)
    send('response.output_audio_transcript.done', { ...place, transcript: said })
    send('response.content_part.done', { ...place, part: { type: 'audio', transcript: said } })
    entry.outcome = 'completed'
    finish(response, 'completed', null, audioSeconds, said)
  }

  function finish(
    response: Response,
    status: string,
    details: object | null,
    audioSeconds: number,
    said: string,
  ): void {
    active = null
    requests.changed()
    send('response.done', { response: toResponse(response, status, details, usageOf(audioSeconds, said)) })
  }

  function usageOf(audioSeconds: number, said: string) {
    const input = Math.ceil((settings.instructions.length + said.length) / CHARACTERS_PER_TOKEN)
    const text = Math.ceil(said.length / CHARACTERS_PER_TOKEN)
    const audio = Math.ceil(audioSeconds * AUDIO_TOKENS_PER_SECOND)
    return {
      total_tokens: input + text + audio,
      input_tokens: input,
      output_tokens: text + audio,
      input_token_details: { text_tokens: input, audio_tokens: 0, image_tokens: 0, cached_tokens: 0 },
      output_token_details: { text_tokens: text, audio_tokens: audio },
    }
  }

  socket.on('message', (data) => {
    const text = data.toString()
    try {
      receive(text)
    } catch (error) {
      if (!(error instanceof EventError)) throw error
      const event = parse(text)
      sendError(
        error,
        typeof event === 'object' && event !== null && 'event_id' in event ? event.event_id : null,
      )
    }
  })
  const oldAge = timers.after(SESSION_MS_MAX, () => {
    sendError(new EventError('session_expired', 'Your session hit the maximum duration of 60 minutes.'), null)
    socket.close(1000)
  })
  socket.on('error', (error) => log.debug('A voice socket failed.', { error }))
  socket.on('close', () => {
    oldAge.cancel()
    closing.abort()
  })
  send('session.created', { session: toSession() })
}

function toResponse(
  { id, metadata }: Response,
  status: string,
  details: object | null,
  usage: object | null,
) {
  return {
    id,
    object: 'realtime.response',
    status,
    status_details: details,
    conversation_id: null,
    metadata: metadata ?? null,
    output: [],
    usage,
  }
}

/** Lets the socket take what was sent, and others have their turn. */
function flushed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (socket.readyState !== socket.OPEN || socket.bufferedAmount === 0) resolve()
      else setTimeout(look, 1)
    }
    setImmediate(look)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function newId(kind: string): string {
  return `${kind}_${randomBytes(12).toString('hex')}`
}
