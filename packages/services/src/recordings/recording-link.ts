/** Links that open a recording without an API key: sealed, expiring, and void when the recording's links are revoked. */
import { NotFound } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
import { eq } from 'drizzle-orm'
import { auditReads, insertAudit } from '../audit/write-audit.ts'
import { type CallKey, getCall } from '../calls/call-row.ts'
import { contentDeleted } from '../content/content-deleted.ts'
import type { ServiceContext } from '../context.ts'
import type { RecordingRow } from './read-recording.ts'

const PURPOSE = 'recording-link'
/** Seven days: longer than an event is delivered for. */
const TTL_SECONDS_DEFAULT = 604_800
const TOKEN_LENGTH_MAX = 500

export interface RecordingLink {
  token: string
  /** `{api origin}/rec/{token}`. */
  url: string
  expiresAt: Date
}

/** Makes a link. Nothing is written, so any number can be given out. */
export function mintRecordingLink(
  ctx: ServiceContext,
  input: { recording: Pick<RecordingRow, 'id' | 'linkVersion'>; ttlSeconds?: number | undefined },
): RecordingLink {
  const expiresAtMs = ctx.clock.now() + (input.ttlSeconds ?? TTL_SECONDS_DEFAULT) * 1000
  const claims = JSON.stringify([input.recording.id, expiresAtMs, input.recording.linkVersion])
  const token = ctx.secrets.sealToken(claims, PURPOSE)
  return { token, url: `${ctx.settings.apiOrigin}/rec/${token}`, expiresAt: new Date(expiresAtMs) }
}

/** The recording a link opens; the audit log is told before it is read. Throws `not_found` for what is no link of ours, `link_expired` for one that is old or revoked, `content_deleted`. */
export async function openRecordingLink(
  ctx: ServiceContext,
  input: { token: string },
): Promise<RecordingRow> {
  const claims = readToken(ctx, input.token)
  if (!claims) throw new NotFound('not_found', 'This is not a link to a recording.')
  const [found] = await ctx.db.orm
    .select({
      row: schema.recordings,
      contentDeletedAt: schema.calls.contentDeletedAt,
      organizationId: schema.calls.organizationId,
      mode: schema.calls.mode,
    })
    .from(schema.recordings)
    .innerJoin(schema.calls, eq(schema.calls.id, schema.recordings.callId))
    .where(eq(schema.recordings.id, claims.recordingId))
  const row = found?.row
  if (row?.status === 'deleted' || found?.contentDeletedAt) throw contentDeleted()
  if (!found || !row || claims.expiresAtMs <= ctx.clock.now() || claims.linkVersion !== row.linkVersion)
    throw new NotFound(
      'link_expired',
      'This link has expired: get a fresh one with GET /v1/calls/{id}/recording.',
    )
  const { organizationId, mode } = found
  if (row.storageKey !== null)
    await auditReads(ctx, { organizationId, mode, action: 'recording.downloaded', resourceIds: [row.callId] })
  return row
}

/** Voids every link given out for a call's recording so far. Throws `not_found` for the call. */
export async function revokeRecordingLinks(ctx: ServiceContext, input: CallKey): Promise<void> {
  const call = await getCall(ctx, input)
  const { organizationId, mode } = call
  const audited = { organizationId, mode, action: 'recording.links_revoked', resourceId: call.id } as const
  await ctx.db.sql`
    with revoked as (
      update recordings set link_version = link_version + 1 where call_id = ${call.id} returning id
    ), audited as (${insertAudit(ctx, audited, 'revoked')})
    select id from revoked`
}

function readToken(
  ctx: ServiceContext,
  token: string,
): { recordingId: string; expiresAtMs: number; linkVersion: number } | null {
  if (token.length > TOKEN_LENGTH_MAX) return null
  try {
    // Whatever opens was sealed by `mintRecordingLink`: nothing else seals for this purpose.
    const [recordingId, expiresAtMs, linkVersion] = JSON.parse(ctx.secrets.openToken(token, PURPOSE)) as [
      string,
      number,
      number,
    ]
    return { recordingId, expiresAtMs, linkVersion }
  } catch {
    return null
  }
}
