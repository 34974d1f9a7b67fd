import type { ServiceContext } from '../context.ts'

export interface NodeAnnouncement {
  nodeId: string
  /** Where the carrier reaches it: `wss://host[:port]`, without path. */
  origin: string
  /** False while it drains: it keeps its calls and gets no new ones. */
  isReady: boolean
  activeCalls: number
}

/** Nothing asks any more about a node that has been dead for this long. */
const FORGET_AFTER_MS = 3_600_000

/** A media process says that it lives, every 2 seconds, and clears away those that died long ago. */
export async function announceNode(ctx: ServiceContext, input: NodeAnnouncement): Promise<void> {
  const now = new Date(ctx.clock.now())
  await ctx.db.sql`
    with forgotten as (
      delete from media_nodes
      where heartbeat_at < ${new Date(now.getTime() - FORGET_AFTER_MS)} and id <> ${input.nodeId}
    )
    insert into media_nodes (id, origin, is_ready, active_calls, heartbeat_at)
    values (${input.nodeId}, ${input.origin}, ${input.isReady}, ${input.activeCalls}, ${now})
    on conflict (id) do update set origin = excluded.origin, is_ready = excluded.is_ready,
      active_calls = excluded.active_calls, heartbeat_at = excluded.heartbeat_at`
}
