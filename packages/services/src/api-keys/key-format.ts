import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Mode } from '../context.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6
const FORM = new RegExp(`^pv_(test|live)_[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`)

/** `pv_test_` or `pv_live_`, 32 random base62 characters (190 bits), then the CRC-32 of all that as 6 base62 characters. */
export function makeApiKey(mode: Mode): string {
  const body = `pv_${mode}_${randomBase62(SECRET_LENGTH)}`
  return body + checksum(body)
}

/**
 * Reads a key's form without looking anything up; null when it cannot be one of ours. The checksum finds slips of the hand, it proves nothing:
 * anyone can compute it.
 */
export function parseApiKey(text: string): { mode: Mode; hash: string; last4: string } | null {
  const form = FORM.exec(text)
  if (!form) return null
  const body = text.slice(0, -CHECKSUM_LENGTH)
  if (checksum(body) !== text.slice(-CHECKSUM_LENGTH)) return null
  return { mode: form[1] === 'live' ? 'live' : 'test', hash: hashApiKey(text), last4: text.slice(-4) }
}

/** Hex SHA-256. A key has enough randomness of its own; a slow hash would only slow us down. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function checksum(body: string): string {
  let rest = crc32(body)
  let text = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    text = BASE62.charAt(rest % 62) + text
    rest = Math.floor(rest / 62)
  }
  return text
}

function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    // 248 is the largest multiple of 62 in a byte; what lies above would favour the first characters.
    for (const byte of randomBytes(length))
      if (byte < 248 && text.length < length) text += BASE62.charAt(byte % 62)
  }
  return text
}
