/**
 * What must never be in a log, whoever writes it: a last net under the rule that secrets and what customers own are not handed to the log at all.
 * Works on finished lines, because an error's message, cause and stack come from anywhere.
 */

/** Secrets by their look, each with what is left of them. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // Fields by name, in JSON and, escaped, in JSON within JSON.
  [
    /(\\*"(?:authorization|proxy-authorization|x-api-key|xi-api-key|api_?key|auth_?token|token|secret|webhook_?secret|password|cookie|set-cookie|phonevoice-signature|x-twilio-signature)\\*"\s*:\s*\\*")[^"\\]+/gi,
    '$1***',
  ],
  [/\b(Bearer|Basic|Token)\s+[A-Za-z0-9._~+/=-]{6,}/g, '$1 ***'],
  [/\bpv_(live|test)_[A-Za-z0-9]+/g, 'pv_$1_***'],
  [/\bwhsec_[A-Za-z0-9+/=_-]+/g, 'whsec_***'],
  [/\bsk-[A-Za-z0-9_*-]{6,}/g, 'sk-***'],
  [/\/rec\/[A-Za-z0-9._~%-]+/g, '/rec/***'],
  // Of addresses: credentials, and queries, where people put keys.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"'\\@]+@/gi, '$1***@'],
  [/\b((?:https?|wss?):\/\/[^\s"'\\?#]+)\?[^\s"'\\]+/gi, '$1?***'],
]

/** E.164, also within a form or a query. */
const PHONE_NUMBER = /(\+|%2B)([1-9]\d{2,10})(\d{4})(?!\d)/gi

/** Leaves of each secret only what tells its kind. */
export function scrubSecrets(line: string): string {
  return SECRETS.reduce((text, [pattern, left]) => text.replace(pattern, left), line)
}

/** Leaves the last four digits of every phone number. */
export function scrubPhoneNumbers(line: string): string {
  return line.replace(
    PHONE_NUMBER,
    (_, plus: string, head: string, tail: string) => `${plus}${'*'.repeat(head.length)}${tail}`,
  )
}
