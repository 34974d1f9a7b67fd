import { newId } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
import type { Mode, ServiceContext } from '../context.ts'
import { requireStorableText } from '../text/storable.ts'
import { hashApiKey, makeApiKey } from './key-format.ts'

export interface NewApiKey {
  id: string
  /** The whole key: shown now and never again. */
  key: string
  last4: string
}

/** Makes a key; only its hash is kept. Throws `invalid_request`. */
export async function createApiKey(
  ctx: ServiceContext,
  input: { organizationId: string; mode: Mode; name: string; expiresAt?: Date | undefined },
): Promise<NewApiKey> {
  requireStorableText(input.name, '/name')
  const now = new Date(ctx.clock.now())
  const key = makeApiKey(input.mode)
  const id = newId('apiKey', now.getTime())
  const last4 = key.slice(-4)
  await ctx.db.orm.insert(schema.apiKeys).values({
    id,
    organizationId: input.organizationId,
    mode: input.mode,
    name: input.name,
    hash: hashApiKey(key),
    last4,
    createdAt: now,
    expiresAt: input.expiresAt ?? null,
  })
  return { id, key, last4 }
}
