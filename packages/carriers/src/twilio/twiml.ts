/** The few TwiML documents we answer with (TwiML for Voice). They are written, not templated: every value is escaped. */

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>'

export interface StreamTwiml {
  /** `wss://…`; Twilio drops its query string, so secrets travel as a parameter. */
  url: string
  /** The one-time token by which the media process knows the call. */
  token: string
  /** Asked for further instructions when the stream has ended and the call has not. */
  actionUrl: string
  /** Told when the stream starts, stops or fails. */
  statusCallbackUrl: string
  /** Silence before the stream is connected, whole seconds. Default 0. */
  pauseSeconds?: number
}

/** Twilio refuses a parameter whose name and value together reach 500 characters. */
const PARAMETER_CHARS_MAX = 499

/** Connects the call's audio, both ways, to a media process. */
export function connectStreamTwiml(stream: StreamTwiml): string {
  if ('token'.length + stream.token.length > PARAMETER_CHARS_MAX)
    throw new RangeError('The token does not fit into a TwiML parameter.')
  const parameter = element('Parameter', { name: 'token', value: stream.token })
  const inner = element('Stream', { url: stream.url, statusCallback: stream.statusCallbackUrl }, parameter)
  const pause = stream.pauseSeconds ? element('Pause', { length: String(stream.pauseSeconds) }) : ''
  return response(pause + element('Connect', { action: stream.actionUrl }, inner))
}

/** Silence, then the carrier asks this URL for further instructions (`<Redirect>`, which posts unless told otherwise). */
export function askAgainTwiml(url: string, afterSeconds: number): string {
  const pause = element('Pause', { length: String(afterSeconds) })
  return response(pause + element('Redirect', { method: 'POST' }, escapeXml(url)))
}

/** Ends the call. */
export function hangupTwiml(): string {
  return response(element('Hangup', {}))
}

/** Refuses an inbound call without answering it, so nobody pays. */
export function rejectTwiml(reason: 'busy' | 'rejected'): string {
  return response(element('Reject', { reason }))
}

/** Lets the carrier's own voice say a sentence (at most 3,000 characters), then ends the call. */
export function sayTwiml(text: string, language: string): string {
  return response(element('Say', { language }, escapeXml(text.slice(0, 3000))) + element('Hangup', {}))
}

/** Nothing to do: the answer to a status callback. */
export function emptyTwiml(): string {
  return response('')
}

function response(verbs: string): string {
  return `${HEAD}<Response>${verbs}</Response>`
}

function element(name: string, attributes: Record<string, string>, inner = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
  return inner === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${inner}</${name}>`
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // In attributes these three would be read back as spaces.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** Escapes text for both content and attributes; what XML 1.0 cannot hold at all becomes U+FFFD. */
function escapeXml(text: string): string {
  return (
    text
      .replace(/\p{Surrogate}/gu, '\ufffd')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly the characters that XML 1.0 forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"'\t\n\r]/g, (character) => ESCAPES[character] ?? character)
  )
}
