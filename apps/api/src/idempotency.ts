import { createHash } from 'node:crypto'
import type { Idempotency } from '@phonevoice/services/idempotency'
import type { Context } from 'hono'
import { z } from 'zod'
import type { ApiEnv } from './dependencies.ts'

/** The headers of every request that creates something. */
export const idempotencyHeaders = z.object({
  'Idempotency-Key': z.string().min(1).max(255).optional().meta({
    description:
      'Any text of yours, best a random one, that names this request. Sent again within a day it gets the first answer and creates nothing a second time.',
    example: 'order-4711-reminder-1',
  }),
})

/**
 * What the request says about being repeated. The key's mode is part of it: the same body means another thing with the other key. `perKey`: so is the
 * key itself, for an answer that only the key that asked may see again.
 */
export async function readIdempotency(
  c: Context<ApiEnv>,
  key: string | undefined,
  { perKey = false } = {},
): Promise<Idempotency | null> {
  if (key === undefined) return null
  const { mode, keyId } = c.get('owner')
  const head = `${c.req.method} ${c.req.path} ${mode}${perKey ? ` ${keyId}` : ''}`
  return {
    key,
    requestHash: createHash('sha256')
      .update(`${head}\n${await c.req.text()}`)
      .digest('hex'),
  }
}

/** Says in a header that nothing was created this time. */
export function markReplay(c: Context<ApiEnv>, created: { replayed: boolean }): void {
  if (created.replayed) c.header('Idempotent-Replayed', 'true')
}
