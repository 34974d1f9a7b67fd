import { createHmac } from 'node:crypto'

/** A request parameter; names may repeat. */
export type Param = readonly [name: string, value: string]

/**
 * `X-Twilio-Signature` of a form post (https://www.twilio.com/docs/usage/security): HMAC-SHA1, keyed with the account's token, over the URL followed by every name
 * and value sorted by name in code-unit order; of a repeated name the distinct values, sorted. For GET requests and WebSocket
 * handshakes the URL stands alone.
 */
export function signRequest(authToken: string, url: string, params: readonly Param[] = []): string {
  const valuesByName = new Map<string, Set<string>>()
  for (const [name, value] of params) {
    const values = valuesByName.get(name)
    if (values) values.add(value)
    else valuesByName.set(name, new Set([value]))
  }
  let text = url
  for (const name of [...valuesByName.keys()].sort()) {
    for (const value of [...valuesByName.get(name)!].sort()) text += name + value
  }
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64')
}

/** The URL of a media stream as it is requested and signed: `wss`, no query, no fragment (Twilio signs the `wss` form and drops queries). */
export function toSignedStreamUrl(url: string): string {
  return withoutQuery(url).replace(/^ws:/i, 'wss:')
}

/** Drops query and fragment and leaves every other byte alone. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '')
}

/** A fragment on a webhook URL is a setting for the carrier; it is neither sent nor signed. */
export function withoutFragment(url: string): string {
  return url.replace(/#.*$/s, '')
}
