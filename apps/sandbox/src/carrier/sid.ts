import { randomBytes } from 'node:crypto'

/** `newSid('CA')` gives two letters and 32 hex digits, the shape of every Twilio identifier. */
export function newSid(prefix: 'CA' | 'MZ' | 'PN' | 'RE'): string {
  return prefix + randomBytes(16).toString('hex')
}

/** RFC 2822, always UTC, as the REST API and call callbacks write times: `Tue, 31 Aug 2010 20:36:28 +0000`. */
export function toRfc2822(unixMs: number): string {
  return new Date(unixMs).toUTCString().replace('GMT', '+0000')
}
