/**
 * Twilio's request signatures (Webhooks security guide): base64 of HMAC-SHA1 with the account's auth token over the URL followed by the sorted form
 * fields. The URL is the one we gave to Twilio, never the one a proxy shows us.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Name and value pairs of a form, in any order; `URLSearchParams` is one. */
export type FormPairs = Iterable<readonly [string, string]>

interface SignedRequest {
  authToken: string
  /** The `X-Twilio-Signature` header; absent is never valid. */
  signature: string | null | undefined
  /** The complete public URL, query included, byte for byte as Twilio was given it. */
  url: string
}

/** The signature over exactly this URL and these fields, without port variants. */
export function signTwilioUrl(authToken: string, url: string, form: FormPairs = []): string {
  return createHmac('sha1', authToken)
    .update(url + joinForm(form), 'utf8')
    .digest('base64')
}

/** Checks a form post. Every field that was received takes part, empty ones too. */
export function verifyTwilioForm(request: SignedRequest & { form: FormPairs }): boolean {
  return verify(request, joinForm(request.form))
}

/** Checks a JSON post: the URL is signed alone and carries the hash of the raw body as `bodySHA256`. */
export function verifyTwilioJson(request: SignedRequest & { rawBody: string | Uint8Array }): boolean {
  const expected = queryValue(request.url, 'bodySHA256')
  if (expected === null) return false
  const actual = createHash('sha256').update(request.rawBody).digest('hex')
  // Both are always checked, so that the time taken does not tell which one failed.
  const isBodyRight = isSameText(actual, expected.toLowerCase())
  return verify(request, '') && isBodyRight
}

/** Checks a WebSocket handshake. `url` begins with `wss://`; Twilio signs that scheme even where TLS ends at a proxy. */
export function verifyTwilioHandshake(request: SignedRequest): boolean {
  return verify(request, '')
}

function verify(request: SignedRequest, suffix: string): boolean {
  const { signature } = request
  if (!signature) return false
  let isValid = false
  for (const url of signedForms(request.url)) {
    const expected = createHmac('sha1', request.authToken)
      .update(url + suffix, 'utf8')
      .digest('base64')
    if (isSameText(expected, signature)) isValid = true
  }
  return isValid
}

function isSameText(one: string, other: string): boolean {
  const a = Buffer.from(one)
  const b = Buffer.from(other)
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Sorted by name in code-unit order; of a repeated name, distinct values in order. No separators. */
function joinForm(form: FormPairs): string {
  const valuesByName = new Map<string, Set<string>>()
  for (const [name, value] of form) {
    const values = valuesByName.get(name)
    if (values) values.add(value)
    else valuesByName.set(name, new Set([value]))
  }
  let text = ''
  for (const name of [...valuesByName.keys()].sort()) {
    for (const value of [...(valuesByName.get(name) ?? [])].sort()) text += name + value
  }
  return text
}

const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/((?:[^/?#@]*@)?)((?:\[[^\]]*\]|[^/?#:]*))(?::(\d+))?([^#]*)/i

/** Which port Twilio's own validator adds to a URL without one; for `wss` both habits have been seen. */
const ADDED_PORTS: Record<string, readonly string[]> = { https: ['443'], wss: ['443', '80'] }

/** The URLs that Twilio may have signed for one that it was given: as written or normalised, with or without its port. */
function signedForms(url: string): Set<string> {
  const forms = new Set<string>()
  for (const text of [url, normalise(url)]) {
    const parts = URL_PARTS.exec(text)
    if (!parts) continue
    const [, scheme = '', userInfo = '', host = '', port, rest = ''] = parts
    const ports = port === undefined ? (ADDED_PORTS[scheme.toLowerCase()] ?? ['80']) : [port]
    forms.add(`${scheme}://${userInfo}${host}${rest}`)
    for (const each of ports) forms.add(`${scheme}://${userInfo}${host}:${each}${rest}`)
  }
  return forms
}

function normalise(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url
}

function queryValue(url: string, name: string): string | null {
  return URL.canParse(url) ? new URL(url).searchParams.get(name) : null
}
