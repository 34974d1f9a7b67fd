import type { ServiceContext } from '../context.ts'
import { HEARTBEAT_MAX_AGE_MS } from './alive.ts'

/**
 * Chooses a media node for a call that is being dialled, writes it on the call and tells the node to prepare. Null: no node is ready, or the call
 * has ended; the call may go on, a node is chosen again when it is answered.
 *
 * The choice is by chance, weighted against load: loads are as old as the last heartbeat, and taking the smallest would send every call of a burst to
 * the same node.
 */
export async function reserveNode(
  ctx: ServiceContext,
  input: { callId: string },
): Promise<{ nodeId: string } | null> {
  const alive = new Date(ctx.clock.now() - HEARTBEAT_MAX_AGE_MS)
  const [row] = await ctx.db.sql<{ node_id: string }[]>`
    update calls set node_id = node.id
    from (
      select id from media_nodes where is_ready and heartbeat_at >= ${alive}
      order by random() * (active_calls + 1) limit 1
    ) node
    where calls.id = ${input.callId} and calls.ended_at is null
    returning calls.node_id`
  if (!row) return null
  ctx.publish({ topic: 'call-prepare', nodeId: row.node_id, callId: input.callId })
  return { nodeId: row.node_id }
}
