/**
 * Webhook signatures: making and checking them. This file stands alone; copy it into your project to verify what PhoneVoice sends.
 *
 * `PhoneVoice-Signature: t=<unix seconds>,v1=<hex>` is HMAC-SHA256 over `"<t>.<raw body>"`. Its key is the whole secret as text,
 * `whsec_` included. The Standard Webhooks headers (https://www.standardwebhooks.com, "Signature scheme") are sent beside it; their key
 * is the secret's decoded part, as that specification says.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export const SIGNATURE_HEADER = 'PhoneVoice-Signature'
/** Present while a secret is being rotated: the same signature, made with the new secret. */
export const NEXT_SIGNATURE_HEADER = 'PhoneVoice-Signature-Next'

/** How far the signature's time may lie from now, in either direction. Limits how long a recorded request can be replayed. */
export const DEFAULT_TOLERANCE_SECONDS = 300

/** The body exactly as it travelled: never parsed and serialised again. */
export type RawBody = string | Uint8Array

export type VerificationFailure =
  /** No header, or more than one where one is expected. */
  | 'header-missing'
  /** The header does not have the documented form. */
  | 'header-malformed'
  /** Another secret, another body, or a forgery. */
  | 'signature-mismatch'
  /** Genuine, but made too long ago or in the future: a replay, or a wrong clock. */
  | 'timestamp-out-of-tolerance'

export type Verification = { ok: true; timestampSeconds: number } | { ok: false; reason: VerificationFailure }

const SECRET_PREFIX = 'whsec_'

/** Makes a secret: `whsec_` and 24 random bytes in base64. */
export function createWebhookSecret(): string {
  return SECRET_PREFIX + randomBytes(24).toString('base64')
}

/** The value of the `PhoneVoice-Signature` header for this body, sent at this time. */
export function signWebhook(input: { secret: string; body: RawBody; timestampSeconds: number }): string {
  const { secret, body, timestampSeconds } = input
  return `t=${timestampSeconds},v1=${hmac(secret, `${timestampSeconds}.`, body).toString('hex')}`
}

/** Checks a `PhoneVoice-Signature` header. Takes the same time for every wrong signature and never throws, whatever was sent. */
export function verifyWebhook(input: {
  secret: string
  body: RawBody
  /** As `request.headers['phonevoice-signature']` gives it. */
  header: string | readonly string[] | null | undefined
  nowSeconds: number
  toleranceSeconds?: number
}): Verification {
  if (typeof input.header !== 'string' || input.header === '') return failure('header-missing')
  const match = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(input.header)
  if (!match) return failure('header-malformed')
  const [, timestamp = '', signature = ''] = match
  const expected = hmac(input.secret, `${timestamp}.`, input.body)
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return failure('signature-mismatch')
  return judgeTime(Number(timestamp), input)
}

/** The three Standard Webhooks headers for this body. `id` is the event's id, the same for every attempt. */
export function standardWebhookHeaders(input: {
  secret: string
  id: string
  body: RawBody
  timestampSeconds: number
}): { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string } {
  const { secret, id, body, timestampSeconds } = input
  const signature = hmac(decodedKey(secret), `${id}.${timestampSeconds}.`, body).toString('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': `v1,${signature}`,
  }
}

/** Checks the Standard Webhooks headers; of several signatures in the header one must fit. Never throws, whatever was sent. */
export function verifyStandardWebhook(input: {
  secret: string
  body: RawBody
  /** Header names in lower case, as Node gives them. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  nowSeconds: number
  toleranceSeconds?: number
}): Verification {
  const id = input.headers['webhook-id']
  const timestamp = input.headers['webhook-timestamp']
  const signatures = input.headers['webhook-signature']
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') {
    return failure('header-missing')
  }
  if (!/^\d{1,12}$/.test(timestamp) || signatures.length > 4096) return failure('header-malformed')
  const expected = hmac(decodedKey(input.secret), `${id}.${timestamp}.`, input.body)
  let isMatch = false
  for (const part of signatures.split(' ')) {
    if (!part.startsWith('v1,')) continue
    const signature = Buffer.from(part.slice(3), 'base64')
    if (signature.length === expected.length && timingSafeEqual(expected, signature)) isMatch = true
  }
  return isMatch ? judgeTime(Number(timestamp), input) : failure('signature-mismatch')
}

function hmac(key: string | Uint8Array, head: string, body: RawBody): Buffer {
  return createHmac('sha256', key).update(head).update(body).digest()
}

function decodedKey(secret: string): Buffer {
  return Buffer.from(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret, 'base64')
}

/** Asked last, so that only someone who has the secret learns that the time was the problem. */
function judgeTime(
  timestampSeconds: number,
  input: { nowSeconds: number; toleranceSeconds?: number },
): Verification {
  const tolerance = input.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS
  const isNear = Math.abs(input.nowSeconds - timestampSeconds) <= tolerance
  return isNear ? { ok: true, timestampSeconds } : failure('timestamp-out-of-tolerance')
}

function failure(reason: VerificationFailure): Verification {
  return { ok: false, reason }
}
