import {
  type CallForSession,
  type SessionRow,
  sessionColumns,
  toCallForSession,
} from '../calls/call-for-session.ts'
import type { ServiceContext } from '../context.ts'
import { cleanText } from '../text/clean.ts'
import { hashStreamToken } from './token.ts'

/** What a media process is given when a stream opens. */
export interface SessionBrief extends CallForSession {
  streamId: string
  startedAt: Date
  /** True when the call was in another stream before: it goes on instead of beginning. */
  isResumed: boolean
}

export interface OpenStream {
  token: string
  carrierCallId: string
  /** The carrier's own name for the stream. */
  carrierStreamId: string
  /** The node that was connected to. */
  nodeId: string
}

/**
 * Uses up a token. Null: unknown, used, expired, minted for another node or another carrier call, or the call is not in progress; close the
 * socket with 1008. A refusal uses nothing up. The call is this node's from now on.
 */
export async function openStream(ctx: ServiceContext, input: OpenStream): Promise<SessionBrief | null> {
  const now = new Date(ctx.clock.now())
  const [row] = await ctx.db.sql<
    (SessionRow & { stream_id: string; started_at: Date; is_resumed: boolean })[]
  >`
    with opened as (
      update streams s set opened_at = ${now}, carrier_stream_id = ${cleanText(input.carrierStreamId)}
      from calls c
      where s.token_hash = ${hashStreamToken(input.token)} and s.node_id = ${input.nodeId}
        and s.opened_at is null and s.expires_at >= ${now}
        and c.id = s.call_id and c.carrier_call_id = ${cleanText(input.carrierCallId)} and c.status = 'in_progress'
      returning s.id as stream_id, s.call_id
    ), held as (
      update calls set node_id = ${input.nodeId}, last_seen_at = ${now}, is_recorded = ${mayRecord(ctx)} from opened
      where calls.id = opened.call_id and calls.status = 'in_progress'
      returning calls.*, opened.stream_id
    )
    select ${sessionColumns(ctx)}, c.stream_id,
      exists (select 1 from streams before where before.call_id = c.id and before.opened_at is not null) as is_resumed
    from held c join organizations o on o.id = c.organization_id`
  if (!row) return null
  return {
    ...(await toCallForSession(ctx, row)),
    streamId: row.stream_id,
    startedAt: row.started_at,
    isResumed: row.is_resumed,
  }
}

/**
 * Nobody records where the deployment or the organization forbids it, whatever was asked for. What has begun to be recorded goes on when the call moves
 * to another stream.
 */
function mayRecord(ctx: ServiceContext) {
  return ctx.db.sql`calls.is_recorded and (
    exists (select from recordings r where r.call_id = calls.id)
    or not (${ctx.settings.isRecordingForbidden ?? false}::bool or exists (
      select from privacy_policies p where p.organization_id = calls.organization_id and p.is_recording_forbidden
    ))
  )`
}
