import { createHash, hkdfSync } from 'node:crypto'
import { ConfigError } from '@phonevoice/base'

/** A key that is in the deployment's configuration and never in its database. It wraps data keys and seals tokens; nothing else. */
export interface MasterKey {
  /** Names it in the database without telling it: the beginning of its SHA-256. */
  id: string
  wrapping: Uint8Array
  /** Seals tokens, and in the first version sealed secrets themselves. */
  sealing: Uint8Array
}

/** The first seals; all of them open. */
export type MasterKeys = readonly [MasterKey, ...MasterKey[]]

/** From `SECRETS_KEY` and `SECRETS_KEYS_OTHER` (separated by commas), each 32 bytes in base64. Throws `ConfigError`. */
export function readMasterKeys(current: string, others: string | undefined): MasterKeys {
  const further = (others ?? '').split(',').filter((text) => text.trim() !== '')
  return [
    masterKey(decode('SECRETS_KEY', current)),
    ...further.map((text) => masterKey(decode('SECRETS_KEYS_OTHER', text))),
  ]
}

/** `bytes` are 32. */
export function masterKey(bytes: Uint8Array): MasterKey {
  if (bytes.length !== 32) throw new ConfigError('A master key must be 32 bytes.')
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', bytes, '', use, 32))
  return {
    id: createHash('sha256').update(bytes).digest('hex').slice(0, 12),
    wrapping: derive('phonevoice data keys'),
    sealing: derive('phonevoice secret box v1'),
  }
}

function decode(variable: string, text: string): Buffer {
  // Decoding alone would stop at the first strange character and say nothing.
  if (/^[A-Za-z0-9+/]{43}=$/.test(text.trim())) return Buffer.from(text.trim(), 'base64')
  throw new ConfigError(`${variable}: a master key must be 32 bytes in base64 (openssl rand -base64 32).`)
}
