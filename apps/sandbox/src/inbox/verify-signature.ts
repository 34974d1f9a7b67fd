import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** `missing`: the header is not there; `no-secret`: nothing to check it with. */
export type Verdict = 'valid' | 'invalid' | 'expired' | 'missing' | 'no-secret'

/** What the inbox found out about a delivery, by code of its own: it shares none with the sender. */
export interface Verdicts {
  /** `PhoneVoice-Signature`. */
  signature: Verdict
  /** `PhoneVoice-Signature-Next`, sent while a secret is being changed. */
  next_signature: Verdict
  /** `webhook-id`, `webhook-timestamp`, `webhook-signature` (Standard Webhooks specification). */
  standard_webhooks: Verdict
  /** Seconds between the signature's time and now. */
  age_seconds: number | null
}

/** A signature whose time is further away than this is refused; both documents name five minutes. */
const TOLERANCE_SECONDS = 300

/** Checks every signature of a delivery against the receiver's secrets; any of them will do. */
export function verifySignatures(
  headers: IncomingHttpHeaders,
  body: Buffer,
  secrets: readonly string[],
  nowMs: number,
): Verdicts {
  const nowSeconds = nowMs / 1000
  const main = one(headers['phonevoice-signature'])
  const parts = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(main ?? '')
  return {
    signature: checkTimed(main, body, secrets, nowSeconds),
    next_signature: checkTimed(one(headers['phonevoice-signature-next']), body, secrets, nowSeconds),
    standard_webhooks: checkStandard(headers, body, secrets, nowSeconds),
    age_seconds: parts ? Math.round((nowSeconds - Number(parts[1])) * 10) / 10 : null,
  }
}

/** `t=<unix seconds>,v1=<hex of HMAC-SHA256 over "{t}.{body}">`, keyed with the UTF-8 of the whole secret. */
function checkTimed(
  header: string | null,
  body: Buffer,
  secrets: readonly string[],
  nowSeconds: number,
): Verdict {
  if (header === null) return 'missing'
  if (secrets.length === 0) return 'no-secret'
  const parts = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header)
  if (!parts?.[1] || !parts[2]) return 'invalid'
  const time = parts[1]
  const given = Buffer.from(parts[2], 'hex')
  const isGenuine = secrets.some((secret) =>
    timingSafeEqual(createHmac('sha256', secret).update(`${time}.`).update(body).digest(), given),
  )
  return judge(isGenuine, Number(time), nowSeconds)
}

/** `v1,<base64 of HMAC-SHA256 over "{id}.{timestamp}.{body}">`, one or more apart by spaces; the key is the decoded part behind `whsec_`. */
function checkStandard(
  headers: IncomingHttpHeaders,
  body: Buffer,
  secrets: readonly string[],
  nowSeconds: number,
): Verdict {
  const id = one(headers['webhook-id'])
  const time = one(headers['webhook-timestamp'])
  const signatures = one(headers['webhook-signature'])
  if (id === null && time === null && signatures === null) return 'missing'
  if (secrets.length === 0) return 'no-secret'
  if (id === null || time === null || signatures === null || !/^\d+$/.test(time)) return 'invalid'
  const given = signatures.split(' ').flatMap((part) => (part.startsWith('v1,') ? [part.slice(3)] : []))
  const isGenuine = secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    const expected = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest()
    return given.some((text) => {
      const bytes = Buffer.from(text, 'base64')
      return bytes.length === expected.length && timingSafeEqual(bytes, expected)
    })
  })
  return judge(isGenuine, Number(time), nowSeconds)
}

function judge(isGenuine: boolean, seconds: number, nowSeconds: number): Verdict {
  if (!isGenuine) return 'invalid'
  return Math.abs(nowSeconds - seconds) > TOLERANCE_SECONDS ? 'expired' : 'valid'
}

function one(header: string | string[] | undefined): string | null {
  if (Array.isArray(header)) return header.join(', ')
  return header ?? null
}
