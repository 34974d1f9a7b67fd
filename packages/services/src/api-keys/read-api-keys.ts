import { isId, NotFound } from '@phonevoice/base'
import type { ApiKeyResource, Scope } from '@phonevoice/contracts'
import { schema } from '@phonevoice/db'
import { and, desc, eq } from 'drizzle-orm'
import type { Mode, ServiceContext } from '../context.ts'
import { before } from '../pages/before.ts'
import { type Page, type PageRequest, rowsWanted, toPage } from '../pages/cursor.ts'
import { type ApiKeyRow, toApiKey } from './to-api-key.ts'

const { apiKeys } = schema

/** Names one key. */
export interface ApiKeyRef {
  organizationId: string
  /** A key of the other mode is not seen; absent: of either. */
  mode?: Mode | undefined
  keyId: string
}

/** Throws `not_found`. */
export async function getApiKey(ctx: ServiceContext, ref: ApiKeyRef): Promise<ApiKeyResource> {
  return toApiKey(await loadApiKey(ctx, ref), ctx.clock.now())
}

/** The keys of an organization, ended ones included, newest first. Throws `invalid_cursor`. */
export async function listApiKeys(
  ctx: ServiceContext,
  input: { organizationId: string; mode?: Mode | undefined } & PageRequest,
): Promise<Page<ApiKeyResource>> {
  const rows = await ctx.db.orm
    .select()
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.organizationId, input.organizationId),
        input.mode === undefined ? undefined : eq(apiKeys.mode, input.mode),
        before(apiKeys.createdAt, apiKeys.id, input.cursor),
      ),
    )
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(rowsWanted(input))
  const nowMs = ctx.clock.now()
  return toPage(
    input,
    rows,
    (row) => row,
    (row) => toApiKey(row, nowMs),
  )
}

/** The row of a key. Throws `not_found`. */
export async function loadApiKey(
  ctx: ServiceContext,
  ref: ApiKeyRef,
): Promise<ApiKeyRow & { scopes: Scope[] | null }> {
  const [row] = isId('apiKey', ref.keyId)
    ? await ctx.db.orm
        .select()
        .from(apiKeys)
        .where(
          and(
            eq(apiKeys.id, ref.keyId),
            eq(apiKeys.organizationId, ref.organizationId),
            ref.mode === undefined ? undefined : eq(apiKeys.mode, ref.mode),
          ),
        )
    : []
  if (!row) throw apiKeyNotFound()
  // Only scopes are ever written.
  return row as ApiKeyRow & { scopes: Scope[] | null }
}

export function apiKeyNotFound(): NotFound {
  return new NotFound('not_found', 'There is no such API key: list yours with GET /v1/api-keys.')
}
