/**
 * The messages of a bidirectional media stream (https://www.twilio.com/docs/voice/media-streams/websocket-messages). Sequence numbers,
 * chunks and timestamps are decimal strings; `connected` has no sequence number.
 */
import { MULAW_FRAME_BYTES, MULAW_SILENCE } from '@phonevoice/audio'

export const CONNECTED_MESSAGE = '{"event":"connected","protocol":"Call","version":"1.0.0"}'

const SILENT_PAYLOAD = Buffer.alloc(MULAW_FRAME_BYTES, MULAW_SILENCE).toString('base64')

export interface StreamIds {
  streamSid: string
  accountSid: string
  callSid: string
}

export function startMessage(ids: StreamIds, sequence: number, parameters: Record<string, string>): string {
  return JSON.stringify({
    event: 'start',
    sequenceNumber: String(sequence),
    start: {
      accountSid: ids.accountSid,
      streamSid: ids.streamSid,
      callSid: ids.callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: parameters,
    },
    streamSid: ids.streamSid,
  })
}

/** Built by hand: this runs fifty times a second for every call, and none of its parts needs escaping. */
export function mediaMessage(
  ids: StreamIds,
  sequence: number,
  media: { chunk: number; timestampMs: number; frame: Uint8Array | null },
): string {
  const { frame } = media
  const payload = frame
    ? Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('base64')
    : SILENT_PAYLOAD
  return `{"event":"media","sequenceNumber":"${sequence}","media":{"track":"inbound","chunk":"${media.chunk}","timestamp":"${media.timestampMs}","payload":"${payload}"},"streamSid":"${ids.streamSid}"}`
}

export function dtmfMessage(ids: StreamIds, sequence: number, digit: string): string {
  return JSON.stringify({
    event: 'dtmf',
    streamSid: ids.streamSid,
    sequenceNumber: String(sequence),
    dtmf: { track: 'inbound_track', digit },
  })
}

export function markMessage(ids: StreamIds, sequence: number, name: string): string {
  return JSON.stringify({
    event: 'mark',
    sequenceNumber: String(sequence),
    streamSid: ids.streamSid,
    mark: { name },
  })
}

export function stopMessage(ids: StreamIds, sequence: number): string {
  return JSON.stringify({
    event: 'stop',
    sequenceNumber: String(sequence),
    streamSid: ids.streamSid,
    stop: { accountSid: ids.accountSid, callSid: ids.callSid },
  })
}

/** What the service may say. */
export type ServiceMessage =
  | { event: 'media'; mulaw: Uint8Array }
  | { event: 'mark'; name: string }
  | { event: 'clear' }

/** Why a message was ignored; codes of Twilio's error dictionary. */
export interface BadMessage {
  event: 'bad'
  code: 31950 | 31951
  reason: string
}

/**
 * Reads one text message strictly: exactly the documented fields, this stream's id, and base64 that is base64. Anything else is ignored
 * by Twilio with warning 31951 while the stream goes on, so a client that sends it must be able to find out.
 */
export function readServiceMessage(text: string, streamSid: string): ServiceMessage | BadMessage {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return bad('not JSON')
  }
  if (!isObject(message)) return bad('not an object')
  if (message.streamSid !== streamSid) return bad('streamSid is missing or belongs to another stream')
  switch (message.event) {
    case 'media': {
      if (!hasExactly(message, ['event', 'streamSid', 'media'])) return bad('media: missing or surplus field')
      if (!isObject(message.media) || !hasExactly(message.media, ['payload']))
        return bad('media.media: missing or surplus field')
      const { payload } = message.media
      if (typeof payload !== 'string' || payload.length === 0 || !isBase64(payload))
        return bad('media.payload is not base64')
      return { event: 'media', mulaw: Buffer.from(payload, 'base64') }
    }
    case 'mark': {
      if (!hasExactly(message, ['event', 'streamSid', 'mark'])) return bad('mark: missing or surplus field')
      if (!isObject(message.mark) || !hasExactly(message.mark, ['name']))
        return bad('mark.mark: missing or surplus field')
      const { name } = message.mark
      return typeof name === 'string' && name !== '' ? { event: 'mark', name } : bad('mark.name is not text')
    }
    case 'clear':
      return hasExactly(message, ['event', 'streamSid']) ? { event: 'clear' } : bad('clear: surplus field')
    default:
      return bad('unknown event')
  }
}

function bad(reason: string): BadMessage {
  return { event: 'bad', code: 31951, reason }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasExactly(value: Record<string, unknown>, names: readonly string[]): boolean {
  const keys = Object.keys(value)
  return keys.length === names.length && names.every((name) => name in value)
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}
