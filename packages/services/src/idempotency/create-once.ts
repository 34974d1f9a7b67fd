/**
 * `Idempotency-Key`: the same request sent again gets the same bytes for 24 hours, also while the first is under way. The key is a row written by the
 * very statement that creates the thing, so there is no moment in which one exists without the other; a twin in flight waits at the unique index,
 * finds that nothing was left to write, and reads the answer.
 */
import { InternalError, InvalidInput } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'

/** An answer older than this may be given again for another request. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000

export interface Idempotency {
  key: string
  /** Hex SHA-256 of method, path, mode and body. */
  requestHash: string
}

/** What became of a request to create something. */
export interface Created<T> {
  status: 201
  resource: T
  /** JSON of the resource; a replay has the same bytes. */
  body: string
  /** True: the answer to an earlier request with the same key. */
  replayed: boolean
}

/** An answer that is to be stored with what it answers for. */
export interface StoredAnswer<T = unknown> {
  organizationId: string
  idempotency: Idempotency | null
  resource: T
  body: string
  /** The body as it is stored: sealed when it holds a secret. */
  storedBody: string
}

export interface CreateOnceOptions {
  organizationId: string
  /** Null: the request carries no key. */
  idempotency: Idempotency | null
  /** The answer holds a secret and is sealed at rest. */
  isSecret?: boolean
}

const TRIES_MAX = 5

/**
 * `create` makes the resource, hands it to `store`, and runs one statement that begins with `idempotencyGate`; it returns null when the gate was
 * shut. Throws `idempotency_key_reused`.
 */
export async function createOnce<T>(
  ctx: ServiceContext,
  options: CreateOnceOptions,
  create: (store: (resource: T) => StoredAnswer<T>) => Promise<StoredAnswer<T> | null>,
): Promise<Created<T>> {
  const { organizationId, idempotency } = options
  const seal = options.isSecret && idempotency ? await ctx.secrets.sealer(organizationId) : null
  const store = (resource: T): StoredAnswer<T> => {
    const body = JSON.stringify(resource)
    const storedBody = seal && idempotency ? seal(body, purpose(organizationId, idempotency.key)) : body
    return { organizationId, idempotency, resource, body, storedBody }
  }
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const replay = idempotency && (await findAnswer<T>(ctx, { ...options, idempotency }))
    if (replay) return replay
    const answer = await create(store)
    if (answer) return { status: 201, resource: answer.resource, body: answer.body, replayed: false }
    // A twin with the same key was faster: its answer is there on the next look.
  }
  throw new InternalError('Something could be neither created nor found by its idempotency key.')
}

/** The answer already given for a key; null without one. Throws `idempotency_key_reused`. */
async function findAnswer<T>(
  ctx: ServiceContext,
  { organizationId, idempotency, isSecret }: CreateOnceOptions & { idempotency: Idempotency },
): Promise<Created<T> | null> {
  const [row] = await ctx.db.sql<{ request_hash: string; response_body: string }[]>`
    select request_hash, response_body from idempotency_keys
    where organization_id = ${organizationId} and key = ${idempotency.key} and created_at >= ${keptSince(ctx)}`
  if (!row) return null
  requireSameRequest(row.request_hash, idempotency)
  const body = isSecret
    ? await ctx.secrets.open(organizationId, row.response_body, purpose(organizationId, idempotency.key))
    : row.response_body
  // Stored by `store` for a request with the same hash, and therefore of the same shape.
  return { status: 201, resource: JSON.parse(body) as T, body, replayed: true }
}

export function requireSameRequest(storedHash: string | null, idempotency: Idempotency): void {
  if (storedHash === idempotency.requestHash) return
  throw new InvalidInput(
    'idempotency_key_reused',
    'This Idempotency-Key was used for a different request: send a new key with a new request.',
    { fields: [{ pointer: 'header/Idempotency-Key', message: 'was used for another request' }] },
  )
}

/**
 * A CTE body with one row when the thing may be created, and none when its key was there. With a key it writes the answer; an answer that is too
 * old is replaced. `from` may add a FROM clause with conditions of the statement's own.
 */
export function idempotencyGate(
  ctx: ServiceContext,
  answer: Pick<StoredAnswer, 'organizationId' | 'idempotency' | 'storedBody'>,
) {
  const { sql } = ctx.db
  const { organizationId, idempotency, storedBody } = answer
  return (from = sql``) =>
    idempotency === null
      ? sql`select 1 ${from}`
      : sql`
      insert into idempotency_keys (organization_id, key, request_hash, response_status, response_body, created_at)
      select ${organizationId}, ${idempotency.key}, ${idempotency.requestHash}, 201, ${storedBody}, ${new Date(ctx.clock.now())}::timestamptz ${from}
      on conflict (organization_id, key) do update set request_hash = excluded.request_hash,
        response_status = excluded.response_status, response_body = excluded.response_body, created_at = excluded.created_at
      where idempotency_keys.created_at < ${keptSince(ctx)}
      returning 1`
}

export function keptSince(ctx: ServiceContext): Date {
  return new Date(ctx.clock.now() - IDEMPOTENCY_KEPT_MS)
}

function purpose(organizationId: string, key: string): string {
  return `idempotency:${organizationId}:${key}`
}
