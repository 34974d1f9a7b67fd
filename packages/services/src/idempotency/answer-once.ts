/**
 * `Idempotency-Key` for what may be repeated without harm but cannot be one statement, because a carrier is told as well. The key is reserved before
 * anything happens, so a different request with the same key changes nothing; the answer is written when all is done. Twins in flight, and whoever
 * comes after a process that died half-way, do the work again and get the first answer.
 */
import type { ServiceContext } from '../context.ts'
import { type Idempotency, keptSince, requireSameRequest } from './create-once.ts'

export interface Answered {
  /** JSON; a replay has the same bytes. */
  body: string
  replayed: boolean
}

/** `run` must be safe to repeat. What it throws is not kept: the key is free again. Throws `idempotency_key_reused`. */
export async function answerOnce(
  ctx: ServiceContext,
  options: { organizationId: string; idempotency: Idempotency | null },
  run: () => Promise<unknown>,
): Promise<Answered> {
  const { organizationId, idempotency } = options
  if (idempotency === null) return { body: JSON.stringify(await run()), replayed: false }
  const key: Key = { organizationId, ...idempotency }
  const earlier = await reserve(ctx, key)
  if (earlier !== '') return { body: earlier, replayed: true }
  try {
    return await store(ctx, key, JSON.stringify(await run()))
  } catch (error) {
    await release(ctx, key)
    throw error
  }
}

type Key = Idempotency & { organizationId: string }

/** An answer that is reserved but not known yet is stored as an empty text. */
async function reserve(ctx: ServiceContext, key: Key): Promise<string> {
  const { sql } = ctx.db
  const now = new Date(ctx.clock.now())
  const fresh = await sql`
    insert into idempotency_keys (organization_id, key, request_hash, response_status, response_body, created_at)
    values (${key.organizationId}, ${key.key}, ${key.requestHash}, 200, '', ${now})
    on conflict (organization_id, key) do update set request_hash = excluded.request_hash, response_body = '', created_at = excluded.created_at
    where idempotency_keys.created_at < ${keptSince(ctx)}`
  return fresh.count > 0 ? '' : read(ctx, key)
}

async function store(ctx: ServiceContext, key: Key, body: string): Promise<Answered> {
  const stored = await ctx.db.sql`
    insert into idempotency_keys (organization_id, key, request_hash, response_status, response_body, created_at)
    values (${key.organizationId}, ${key.key}, ${key.requestHash}, 200, ${body}, ${new Date(ctx.clock.now())})
    on conflict (organization_id, key) do update set response_body = excluded.response_body
    where idempotency_keys.response_body = '' and idempotency_keys.request_hash = excluded.request_hash`
  return stored.count > 0
    ? { body, replayed: false }
    : { body: (await read(ctx, key)) || body, replayed: true }
}

async function release(ctx: ServiceContext, key: Key): Promise<void> {
  await ctx.db.sql`
    delete from idempotency_keys where organization_id = ${key.organizationId} and key = ${key.key}
      and request_hash = ${key.requestHash} and response_body = ''`
}

async function read(ctx: ServiceContext, key: Key): Promise<string> {
  const [row] = await ctx.db.sql<{ request_hash: string; response_body: string }[]>`
    select request_hash, response_body from idempotency_keys where organization_id = ${key.organizationId} and key = ${key.key}`
  // Released by a twin that failed in the meantime: nothing is known, so the work is done again.
  if (!row) return ''
  requireSameRequest(row.request_hash, key)
  return row.response_body
}
