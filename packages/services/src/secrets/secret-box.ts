/**
 * Encrypts what we must be able to read again. An organization's secrets (webhook secrets, carrier tokens, header values, answers that hold one) are
 * sealed with a data key of its own, which a master key of the deployment wraps: changing the master key touches one short row per organization, and
 * whoever has the database alone has nothing. Tokens that we hand out and get back are sealed with the master key itself.
 */
import { type Clock, InternalError, systemClock } from '@phonevoice/base'
import type { Database } from '@phonevoice/db'
import { decrypt, encrypt } from './aes-gcm.ts'
import { createDataKeys, type DataKeys } from './data-keys.ts'
import type { MasterKeys } from './master-keys.ts'

/** `purpose` binds the result to its place (e.g. `webhook-secret:endp_…`): opening it elsewhere fails. */
export type Seal = (plain: string, purpose: string) => string

export interface SecretBox {
  seal(organizationId: string, plain: string, purpose: string): Promise<string>
  /** For many at once, and where one cannot wait. */
  sealer(organizationId: string): Promise<Seal>
  /** Throws when the text was changed, or sealed for another purpose or organization, or its key is gone. */
  open(organizationId: string, sealed: string, purpose: string): Promise<string>
  sealToken: Seal
  /** Throws when this is no token of ours for this purpose. */
  openToken(token: string, purpose: string): string
  /** For rotation. */
  dataKeys: DataKeys
}

/** By a master key itself: tokens, and secrets of the first version. */
const BY_MASTER = 'v1'
/** By a data key, whose id follows. */
const BY_DATA_KEY = 'v2'

export function createSecretBox(options: { db: Database; masterKeys: MasterKeys; clock?: Clock }): SecretBox {
  const { masterKeys } = options
  const dataKeys = createDataKeys({ ...options, clock: options.clock ?? systemClock })

  async function sealer(organizationId: string): Promise<Seal> {
    const { id, key } = await dataKeys.current(organizationId)
    return (plain, purpose) =>
      `${BY_DATA_KEY}.${id}.${encrypt(key, Buffer.from(plain), boundTo(organizationId, id, purpose))}`
  }

  function openToken(token: string, purpose: string): string {
    const [version, text = ''] = token.split('.')
    if (version !== BY_MASTER) throw doesNotOpen()
    for (const { sealing } of masterKeys) {
      try {
        return decrypt(sealing, text, purpose).toString()
      } catch {
        // Perhaps sealed with the next one.
      }
    }
    throw doesNotOpen()
  }

  return {
    dataKeys,
    sealer,
    async seal(organizationId, plain, purpose) {
      return (await sealer(organizationId))(plain, purpose)
    },
    async open(organizationId, sealed, purpose) {
      const keyId = dataKeyOf(sealed)
      if (keyId === null) return openToken(sealed, purpose)
      const { key } = await dataKeys.named(organizationId, keyId)
      try {
        return decrypt(key, sealed.split('.')[2] ?? '', boundTo(organizationId, keyId, purpose)).toString()
      } catch (cause) {
        throw doesNotOpen(cause)
      }
    },
    sealToken: (plain, purpose) =>
      `${BY_MASTER}.${encrypt(masterKeys[0].sealing, Buffer.from(plain), purpose)}`,
    openToken,
  }
}

/** The data key that sealed a text; null: a master key did. */
export function dataKeyOf(sealed: string): string | null {
  const [version, keyId] = sealed.split('.')
  return version === BY_DATA_KEY && keyId !== undefined ? keyId : null
}

function boundTo(organizationId: string, keyId: string, purpose: string): string {
  return JSON.stringify([organizationId, keyId, purpose])
}

function doesNotOpen(cause?: unknown): InternalError {
  return new InternalError(
    'A sealed secret does not open: it was changed, belongs elsewhere, or its master key is not configured (SECRETS_KEY, SECRETS_KEYS_OTHER).',
    { cause },
  )
}
