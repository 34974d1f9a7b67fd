/**
 * The events of OpenAI's realtime transcription sessions that we send and read (developers.openai.com, "Realtime transcription"; GA shapes). Unknown
 * events and fields are ignored.
 */
import { isRecord, readErrorDetail } from '../streaming/http-errors.ts'
import { socketUrl } from '../streaming/vendor-socket.ts'

export interface TranscriptionSettings {
  model: string
  /** ISO 639-1. */
  language: string | null
  keywords: readonly string[]
}

/** `wss://…/realtime?intent=transcription`; the model is named in the session, not in the address. */
export function realtimeUrl(baseUrl: string): string {
  const url = socketUrl(baseUrl, '/realtime')
  url.searchParams.set('intent', 'transcription')
  return url.href
}

/** Today's transcription models take no voice detection by the server: `turn_detection` must be null and the client commits. */
export function sessionUpdate(eventId: string, { model, language, keywords }: TranscriptionSettings): string {
  return JSON.stringify({
    type: 'session.update',
    event_id: eventId,
    session: {
      type: 'transcription',
      audio: {
        input: {
          format: { type: 'audio/pcmu' },
          transcription: {
            model,
            ...(language === null ? {} : { language }),
            ...(keywords.length === 0 ? {} : { keywords }),
          },
          noise_reduction: null,
          turn_detection: null,
        },
      },
    },
  })
}

export function audioAppend(mulaw: Uint8Array): string {
  const audio = Buffer.from(mulaw.buffer, mulaw.byteOffset, mulaw.byteLength).toString('base64')
  return `{"type":"input_audio_buffer.append","audio":"${audio}"}`
}

export function audioCommit(eventId: string): string {
  return JSON.stringify({ type: 'input_audio_buffer.commit', event_id: eventId })
}

export type RealtimeEvent =
  | { type: 'session-updated' }
  | { type: 'committed'; vendorItemId: string }
  | { type: 'delta'; vendorItemId: string; delta: string }
  | { type: 'completed'; vendorItemId: string; transcript: string }
  | { type: 'item-failed'; vendorItemId: string; message: string }
  /** Most errors leave the session usable. `eventId` is that of the client event at fault, where the vendor says so. */
  | { type: 'error'; eventId: string | null; code: string | null; param: string | null; message: string }

const TRANSCRIPTION = 'conversation.item.input_audio_transcription.'

/** Null for what does not concern us, malformed frames included. */
export function readRealtimeEvent(text: string): RealtimeEvent | null {
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    return null
  }
  if (!isRecord(event)) return null
  const vendorItemId = typeof event.item_id === 'string' ? event.item_id : ''
  switch (event.type) {
    case 'session.updated':
      return { type: 'session-updated' }
    case 'input_audio_buffer.committed':
      return { type: 'committed', vendorItemId }
    case `${TRANSCRIPTION}delta`:
      return { type: 'delta', vendorItemId, delta: typeof event.delta === 'string' ? event.delta : '' }
    case `${TRANSCRIPTION}completed`:
      return {
        type: 'completed',
        vendorItemId,
        transcript: typeof event.transcript === 'string' ? event.transcript : '',
      }
    case `${TRANSCRIPTION}failed`:
      return { type: 'item-failed', vendorItemId, message: readErrorDetail(event).message }
    case 'error': {
      const { code, param, message } = readErrorDetail(event)
      const inner = isRecord(event.error) ? event.error : {}
      return {
        type: 'error',
        eventId: typeof inner.event_id === 'string' ? inner.event_id : null,
        code,
        param,
        message,
      }
    }
    default:
      return null
  }
}
