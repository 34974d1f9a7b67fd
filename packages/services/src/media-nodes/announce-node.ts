import type { ServiceContext } from '../context.ts'

export interface NodeAnnouncement {
  nodeId: string
  /** Where the carrier reaches it: `wss://host[:port]`, without path. */
  origin: string
  /** False while it drains: it keeps its calls and gets no new ones. */
  isReady: boolean
  activeCalls: number
}

/** A media process says that it lives, every 2 seconds. */
export async function announceNode(ctx: ServiceContext, input: NodeAnnouncement): Promise<void> {
  const now = new Date(ctx.clock.now())
  await ctx.db.sql`
    insert into media_nodes (id, origin, is_ready, active_calls, heartbeat_at)
    values (${input.nodeId}, ${input.origin}, ${input.isReady}, ${input.activeCalls}, ${now})
    on conflict (id) do update set origin = excluded.origin, is_ready = excluded.is_ready,
      active_calls = excluded.active_calls, heartbeat_at = excluded.heartbeat_at`
}
