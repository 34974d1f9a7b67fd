/**
 * The dialect of Twilio Media Streams (WebSocket messages, bidirectional): JSON text frames, both ways.
 *
 * A call receives fifty `media` messages a second, everything else a few times in its life. So `media` has a path of its own: a pattern for the
 * text around the payload, as Twilio writes it today, which takes about a third of the time of a full parse. A message in any other layout is
 * parsed whole, and both ways give the same result.
 */

/** What the carrier says. */
export type MediaStreamMessage =
  | { kind: 'connected' }
  | {
      kind: 'start'
      carrierStreamId: string
      carrierCallId: string
      accountSid: string
      /** The `<Parameter>`s of the TwiML. */
      parameters: Record<string, string>
      encoding: string
      sampleRateHz: number
      channels: number
    }
  | {
      kind: 'media'
      /** True for audio of the person; false for the echo of our own, which a bidirectional stream does not send. */
      isInbound: boolean
      /** Milliseconds since the stream began; not always a multiple of 20. */
      timestampMs: number
      /** μ-law, 8 kHz. */
      payload: Uint8Array
    }
  | { kind: 'dtmf'; digit: string }
  /** The audio before the mark was played, or dropped by a `clear`. */
  | { kind: 'mark'; name: string }
  | { kind: 'stop' }
  /** A kind of message that this codec does not know; to be ignored. */
  | { kind: 'other'; event: string }

export type MediaStreamErrorCode =
  | 'message-too-long'
  | 'not-json'
  | 'not-a-message'
  | 'missing-field'
  | 'bad-payload'
  | 'bad-timestamp'

/** Thrown for a message that breaks the protocol. The stream can go on; whoever counts them decides when not. */
export class MediaStreamError extends Error {
  override readonly name = 'MediaStreamError'
  readonly code: MediaStreamErrorCode

  constructor(code: MediaStreamErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** A frame of 20 ms is about 400 characters; a second of audio is about 11,000. */
export const MESSAGE_CHARS_MAX = 65_536

/** Reads one text frame, as the socket library hands it over. Throws `MediaStreamError`. */
export function parseMediaStreamMessage(data: string | Buffer): MediaStreamMessage {
  if (data.length > MESSAGE_CHARS_MAX)
    throw new MediaStreamError('message-too-long', `A message has more than ${MESSAGE_CHARS_MAX} bytes.`)
  return parseUsualMedia(data) ?? parseWhole(typeof data === 'string' ? data : data.toString('utf8'))
}

/** The two layouts that Twilio documents; the stream's id stands before the media object or after it. */
const BEFORE_PAYLOAD =
  /^\{"event":"media","sequenceNumber":"\d+",(?:"streamSid":"\w+",)?"media":\{"track":"inbound","chunk":"\d+","timestamp":"(\d{1,12})","payload":"/
const AFTER_PAYLOAD = /^\}(?:,"streamSid":"\w+")?\}$/

/** Null: not in the usual layout; it may still be valid. */
function parseUsualMedia(data: string | Buffer): MediaStreamMessage | null {
  // Cheaper than UTF-8, and the same where it matters: neither the patterns nor base64 accept anything beyond ASCII.
  const text = typeof data === 'string' ? data : data.toString('latin1')
  const before = BEFORE_PAYLOAD.exec(text)
  if (!before) return null
  const start = before[0].length
  const end = text.indexOf('"', start)
  if (end < 0 || !AFTER_PAYLOAD.test(text.slice(end + 1))) return null
  // Escaped base64 (`\/`) is legal JSON and fails here.
  const payload = decodeBase64(text.slice(start, end))
  return payload && { kind: 'media', isInbound: true, timestampMs: Number(before[1]), payload }
}

function parseWhole(text: string): MediaStreamMessage {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new MediaStreamError('not-json', 'A message is not valid JSON.')
  }
  const message = new Fields(value)
  const event = message.text('event')
  switch (event) {
    case 'connected':
      return { kind: 'connected' }
    case 'start': {
      const start = message.object('start')
      const format = start.object('mediaFormat')
      return {
        kind: 'start',
        carrierStreamId: start.text('streamSid'),
        carrierCallId: start.text('callSid'),
        accountSid: start.text('accountSid'),
        parameters: start.strings('customParameters'),
        encoding: format.text('encoding'),
        sampleRateHz: format.number('sampleRate'),
        channels: format.number('channels'),
      }
    }
    case 'media': {
      const media = message.object('media')
      return {
        kind: 'media',
        isInbound: media.optionalText('track') !== 'outbound',
        timestampMs: toTimestamp(media.text('timestamp')),
        payload: decodePayload(media.text('payload')),
      }
    }
    case 'dtmf':
      return { kind: 'dtmf', digit: message.object('dtmf').text('digit') }
    case 'mark':
      return { kind: 'mark', name: message.object('mark').text('name') }
    case 'stop':
      return { kind: 'stop' }
    default:
      return { kind: 'other', event }
  }
}

/** Reads fields of a JSON object and says which one is wrong. */
class Fields {
  readonly #fields: Record<string, unknown>

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new MediaStreamError('not-a-message', 'A message, or a part of it, is not an object.')
    this.#fields = value as Record<string, unknown>
  }

  text(name: string): string {
    const value = this.#fields[name]
    if (typeof value !== 'string') throw missing(name)
    return value
  }

  optionalText(name: string): string | null {
    const value = this.#fields[name]
    return typeof value === 'string' ? value : null
  }

  /** Documented as a number; a decimal string is taken too. */
  number(name: string): number {
    const value = this.#fields[name]
    if (typeof value === 'number') return value
    if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value)
    throw missing(name)
  }

  object(name: string): Fields {
    if (this.#fields[name] === undefined) throw missing(name)
    return new Fields(this.#fields[name])
  }

  /** Absent counts as empty; values that are not strings are left out. */
  strings(name: string): Record<string, string> {
    const entries = Object.entries(this.#fields[name] ?? {})
    return Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
  }
}

function missing(name: string): MediaStreamError {
  return new MediaStreamError('missing-field', `A message has no usable "${name}".`)
}

function toTimestamp(text: string): number {
  if (!/^\d{1,12}$/.test(text))
    throw new MediaStreamError('bad-timestamp', 'A timestamp is not a whole number of milliseconds.')
  return Number(text)
}

function decodePayload(base64: string): Uint8Array {
  const bytes = decodeBase64(base64)
  if (!bytes) throw new MediaStreamError('bad-payload', 'A payload is not base64.')
  return bytes
}

/** Null: not base64. Node skips what does not belong; the length gives that away. */
function decodeBase64(base64: string): Buffer | null {
  const bytes = Buffer.from(base64, 'base64')
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return base64.length % 4 === 0 && bytes.length === (base64.length / 4) * 3 - padding ? bytes : null
}

/** Builds what we say to the carrier: exactly the documented fields, since a surplus one makes Twilio drop the message (31951). */
export interface MediaStreamWriter {
  /** μ-law, 8 kHz, any length, no header. */
  media(payload: Uint8Array): string
  /** Echoed when all audio sent before it has been played or dropped. */
  mark(name: string): string
  /** Drops all audio that waits at the carrier. */
  clear(): string
}

/** The fixed parts are built once per stream. */
export function createMediaStreamWriter(carrierStreamId: string): MediaStreamWriter {
  const streamSid = JSON.stringify(carrierStreamId)
  const mediaHead = `{"event":"media","streamSid":${streamSid},"media":{"payload":"`
  const markHead = `{"event":"mark","streamSid":${streamSid},"mark":{"name":`
  const clear = `{"event":"clear","streamSid":${streamSid}}`
  return {
    media(payload) {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
      return `${mediaHead}${bytes.toString('base64')}"}}`
    },
    mark: (name) => `${markHead}${JSON.stringify(name)}}}`,
    clear: () => clear,
  }
}
