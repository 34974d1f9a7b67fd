import { createHash } from 'node:crypto'

/** Hex SHA-256: a copy of the database opens no stream. */
export function hashStreamToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
