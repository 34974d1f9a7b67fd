import { randomBytes } from 'node:crypto'
import { newId, PreconditionFailed } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'
import { HEARTBEAT_MAX_AGE_MS } from '../media-nodes/alive.ts'
import { hashStreamToken } from './token.ts'

/** From minting to the carrier's `start` message. */
const TOKEN_TTL_MS = 30_000

export interface MintedStream {
  streamId: string
  /** Where the carrier connects. */
  url: string
  /** To be sent as a stream parameter (query strings are dropped on the way). Usable once, within 30 s. */
  token: string
}

/**
 * Allows the carrier one media stream for a call: on the node reserved for it when that is ready, else on another. A node that had streams of this
 * call before comes last: they ended while the call did not, and a node that dies looks alive until its heartbeat is old. Throws `not_ready` when
 * no node is, when the call is not in progress, or when `streamNumber` streams of it have been opened already: then the carrier has long had its
 * answer, and somebody repeats an old request of its.
 */
export async function mintStream(
  ctx: ServiceContext,
  input: {
    callId: string
    /** Which stream of the call this is to be, from 1. */
    streamNumber: number
  },
): Promise<MintedStream> {
  const now = ctx.clock.now()
  const streamId = newId('stream', now)
  const token = randomBytes(32).toString('base64url')
  const [node] = await ctx.db.sql<{ id: string; origin: string }[]>`
    with node as (
      select n.id, n.origin from media_nodes n, calls c
      where c.id = ${input.callId} and c.status = 'in_progress'
        and (select count(*) from streams s where s.call_id = c.id and s.opened_at is not null) < ${input.streamNumber}
        and n.is_ready and n.heartbeat_at >= ${new Date(now - HEARTBEAT_MAX_AGE_MS)}
      order by (select count(*) from streams s where s.call_id = c.id and s.node_id = n.id),
        coalesce(n.id = c.node_id, false) desc, random() * (n.active_calls + 1) limit 1
    ), minted as (
      insert into streams (id, call_id, node_id, token_hash, minted_at, expires_at)
      select ${streamId}, ${input.callId}, node.id, ${hashStreamToken(token)}, ${new Date(now)}, ${new Date(now + TOKEN_TTL_MS)}
      from node
    )
    select id, origin from node`
  if (!node)
    throw new PreconditionFailed('not_ready', 'No media node can take this call now: try again shortly.', {
      retryable: true,
    })
  return { streamId, url: `${node.origin}/media/${node.id}`, token }
}
