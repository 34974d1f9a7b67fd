import type { ServiceContext } from '../context.ts'

/** No new calls for this node from now on; it keeps those it has. */
export async function drainNode(ctx: ServiceContext, input: { nodeId: string }): Promise<void> {
  await ctx.db.sql`update media_nodes set is_ready = false where id = ${input.nodeId}`
}

/** The node is gone. */
export async function removeNode(ctx: ServiceContext, input: { nodeId: string }): Promise<void> {
  await ctx.db.sql`delete from media_nodes where id = ${input.nodeId}`
}
