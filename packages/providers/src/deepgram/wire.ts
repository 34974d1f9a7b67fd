/**
 * The messages of Deepgram's streaming recognition (developers.deepgram.com: "Live Audio" for `/v1/listen`, "Flux" for `/v2/listen`) and of its voice
 * (`/v1/speak`) that we send and read. Audio goes as binary frames; text frames are controls. Unknown messages and fields are ignored.
 */
import { isRecord } from '../streaming/http-errors.ts'
import { socketUrl } from '../streaming/vendor-socket.ts'

export const KEEP_ALIVE = '{"type":"KeepAlive"}'
export const FINALIZE = '{"type":"Finalize"}'
export const FORCE_END_TURN = '{"type":"ForceEndTurn"}'
export const CLOSE_STREAM = '{"type":"CloseStream"}'

export function authorization(apiKey: string | null): Record<string, string> {
  return apiKey === null ? {} : { authorization: `Token ${apiKey}` }
}

export interface ListenFields {
  model: string
  language: string
  keywords: readonly string[]
}

export function listenUrl(baseUrl: string, fields: ListenFields): string {
  const url = socketUrl(baseUrl, '/v1/listen')
  const settings = {
    model: fields.model,
    language: fields.language,
    encoding: 'mulaw',
    sample_rate: '8000',
    channels: '1',
    interim_results: 'true',
    smart_format: 'true',
    // The ends are ours: the vendor hears speech only, and is told with `Finalize` when it is over.
    endpointing: 'false',
  }
  for (const [name, value] of Object.entries(settings)) url.searchParams.set(name, value)
  // Models before nova-3 know `keywords` instead.
  const name = fields.model.startsWith('nova-3') ? 'keyterm' : 'keywords'
  for (const keyword of fields.keywords) url.searchParams.append(name, keyword)
  return url.href
}

export interface FluxFields {
  model: string
  language: string
  keywords: readonly string[]
  endOfTurnThreshold: number | undefined
  eagerEndOfTurnThreshold: number | null
}

/** Parameters of `/v1/listen` are refused here. */
export function fluxUrl(baseUrl: string, fields: FluxFields): string {
  const url = socketUrl(baseUrl, '/v2/listen')
  url.searchParams.set('model', fields.model)
  url.searchParams.set('encoding', 'mulaw')
  url.searchParams.set('sample_rate', '8000')
  if (fields.endOfTurnThreshold !== undefined)
    url.searchParams.set('eot_threshold', String(fields.endOfTurnThreshold))
  if (fields.eagerEndOfTurnThreshold !== null)
    url.searchParams.set('eager_eot_threshold', String(fields.eagerEndOfTurnThreshold))
  const language = fields.language.split('-')[0]
  if (fields.model.endsWith('-multi') && language) url.searchParams.set('language_hint', language)
  for (const keyword of fields.keywords) url.searchParams.append('keyterm', keyword)
  return url.href
}

/** Times are seconds of audio since the beginning of the connection. */
export type ListenMessage =
  | {
      type: 'results'
      start: number
      duration: number
      text: string
      /** The words of this stretch will not change any more. */
      isFinal: boolean
      /** The answer to `Finalize`. */
      isFromFinalize: boolean
    }
  | { type: 'error'; message: string }

/** Null for what does not concern us, malformed frames included. */
export function readListenMessage(frame: string): ListenMessage | null {
  const message = parse(frame)
  switch (message?.type) {
    case 'Results': {
      const channel = isRecord(message.channel) ? message.channel : {}
      const first: unknown = Array.isArray(channel.alternatives) ? channel.alternatives[0] : null
      return {
        type: 'results',
        start: toNumber(message.start),
        duration: toNumber(message.duration),
        text: isRecord(first) && typeof first.transcript === 'string' ? first.transcript.trim() : '',
        isFinal: message.is_final === true,
        isFromFinalize: message.from_finalize === true,
      }
    }
    case 'Error':
      return { type: 'error', message: textOfError(message) }
    default:
      return null
  }
}

export interface TimedWord {
  text: string
  startSeconds: number
  endSeconds: number
}

export type FluxMessage =
  | { type: 'connected' }
  | {
      type: 'turn-info'
      event: 'Update' | 'StartOfTurn' | 'EagerEndOfTurn' | 'TurnResumed' | 'EndOfTurn'
      /** How far into the audio the recogniser has come. */
      windowEnd: number
      /** Of the whole turn so far. */
      words: TimedWord[]
    }
  | { type: 'error'; message: string }

const TURN_EVENTS = ['Update', 'StartOfTurn', 'EagerEndOfTurn', 'TurnResumed', 'EndOfTurn'] as const

/** Null for what does not concern us, malformed frames included. */
export function readFluxMessage(frame: string): FluxMessage | null {
  const message = parse(frame)
  switch (message?.type) {
    case 'Connected':
      return { type: 'connected' }
    case 'TurnInfo': {
      const event = TURN_EVENTS.find((name) => name === message.event)
      if (!event) return null
      return {
        type: 'turn-info',
        event,
        windowEnd: toNumber(message.audio_window_end),
        words: readWords(message),
      }
    }
    case 'Error':
      return { type: 'error', message: textOfError(message) }
    default:
      return null
  }
}

/**
 * The transcript has the punctuation and the words have the times. Where both have as many words they are put together; words without times, which older
 * servers send, are spread evenly over the turn.
 */
function readWords(message: Record<string, unknown>): TimedWord[] {
  const transcript = typeof message.transcript === 'string' ? message.transcript.trim() : ''
  const written = transcript === '' ? [] : transcript.split(/\s+/)
  const timed = Array.isArray(message.words) ? message.words.filter(isRecord) : []
  const from = toNumber(message.audio_window_start)
  const until = toNumber(message.audio_window_end)
  const isSpread = timed.length !== written.length || timed.some(({ start }) => typeof start !== 'number')
  return written.map((text, index) => {
    const word = timed[index]
    const step = (until - from) / written.length
    const start = isSpread ? from + index * step : toNumber(word?.start)
    return {
      text,
      startSeconds: start,
      endSeconds: isSpread ? start + step : Math.max(start, toNumber(word?.end)),
    }
  })
}

/** The vendor refuses longer texts. */
export const TEXT_LENGTH_MAX = 2000

/** Without `container=none` μ-law comes in a WAV, whose header would be heard as a click. */
export function speakUrl(baseUrl: string, voice: string, speed: number): string {
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/speak`
  url.searchParams.set('model', voice)
  url.searchParams.set('encoding', 'mulaw')
  url.searchParams.set('sample_rate', '8000')
  url.searchParams.set('container', 'none')
  // The documented range; other speeds are refused.
  if (speed !== 1) url.searchParams.set('speed', String(Math.min(1.5, Math.max(0.7, speed))))
  return url.href
}

/** Answered without a key, and cheap: opens a connection. */
export function modelsUrl(baseUrl: string): string {
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/models`
  return url.href
}

/** `aura-2` and `thalia-en` make `aura-2-thalia-en`. */
export function voiceName(model: string, voiceId: string): string {
  return voiceId.startsWith('aura-') ? voiceId : `${model}-${voiceId}`
}

function textOfError(message: Record<string, unknown>): string {
  const text = message.description ?? message.message
  return typeof text === 'string' ? text.slice(0, 500) : 'The recogniser reported an error.'
}

function toNumber(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

function parse(frame: string): Record<string, unknown> | null {
  try {
    const message: unknown = JSON.parse(frame)
    return isRecord(message) ? message : null
  } catch {
    return null
  }
}
