import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Encrypts what we must be able to read again: webhook secrets, carrier tokens, header values. */
export interface SecretBox {
  /** `purpose` binds the result to its place (e.g. `webhook-secret:org_…`): opening it elsewhere fails. */
  seal(plain: string, purpose: string): string
  /** Throws when the text was changed, sealed for another purpose, or with another key. */
  open(sealed: string, purpose: string): string
}

const VERSION = 'v1'

/** AES-256-GCM with a random 12-byte nonce; the purpose is authenticated. `masterKey` is 32 bytes. */
export function createSecretBox(masterKey: Uint8Array): SecretBox {
  if (masterKey.length !== 32) throw new Error('The master key must be 32 bytes.')
  const key = Buffer.from(hkdfSync('sha256', masterKey, '', 'phonevoice secret box v1', 32))
  return {
    seal(plain, purpose) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(sealed, purpose) {
      const [version, text] = sealed.split('.')
      if (version !== VERSION || text === undefined) throw new Error('A sealed secret has an unknown form.')
      const bytes = Buffer.from(text, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
        .setAAD(Buffer.from(purpose))
        .setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
    },
  }
}
