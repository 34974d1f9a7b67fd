/**
 * A media process can be gone without its sockets closing: a frozen machine, a cut cable. Then the carrier keeps the line up, nobody speaks, and
 * nobody asks us anything. Such calls are found among the quiet ones: they live at the carrier while their node has stopped announcing itself. The
 * carrier is told to ask again, and another process goes on.
 */
import type { CallRow } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'
import { HEARTBEAT_MAX_AGE_MS } from '../media-nodes/alive.ts'
import type { ReconcileInput } from './reconcile-quiet-calls.ts'

/** Two heartbeats: after an outage of the database every node looks dead until it has written one. */
const SECOND_LOOK_MS = 5000

/** Hands over those of these live calls whose media process is dead. */
export async function handOverOrphans(
  ctx: ServiceContext,
  calls: readonly CallRow[],
  input: Pick<ReconcileInput, 'carrierOf' | 'wait'>,
): Promise<void> {
  const suspects = await listOrphans(ctx, calls)
  if (suspects.length === 0) return
  await input.wait(SECOND_LOOK_MS)
  const orphans = new Map((await listOrphans(ctx, calls)).map((orphan) => [orphan.callId, orphan]))
  await Promise.all(
    calls.map(async (call) => {
      const orphan = orphans.get(call.id)
      if (!orphan || call.carrierCallId === null) return
      const query = new URLSearchParams({ call: call.id, stream: String(orphan.streams + 1) })
      ctx.log.warn('A call is handed over from a dead media process', {
        callId: call.id,
        nodeId: call.nodeId,
      })
      const resumeUrl = `${ctx.settings.apiOrigin}/carriers/twilio/resume?${query}`
      try {
        const { client } = await input.carrierOf(call)
        await client.redirect?.(call.carrierCallId, resumeUrl)
      } catch (error) {
        // Looked at again when it has been quiet for as long once more.
        ctx.log.warn('A call could not be handed over', { callId: call.id, error })
      }
    }),
  )
}

/** Calls that should be talked on and are not; with how many streams each has had. */
async function listOrphans(
  ctx: ServiceContext,
  calls: readonly CallRow[],
): Promise<{ callId: string; streams: number }[]> {
  const aliveFrom = new Date(ctx.clock.now() - HEARTBEAT_MAX_AGE_MS)
  const ids = calls.map((call) => call.id)
  const rows = await ctx.db.sql<{ call_id: string; streams: number }[]>`
    select c.id as call_id, (select count(*)::int from streams s where s.call_id = c.id) as streams
    from calls c join media_nodes n on n.id = c.node_id
    where c.id = any(${ids}::text[]) and c.status = 'in_progress' and c.ending_reason is null and n.heartbeat_at < ${aliveFrom}
      and exists (select 1 from streams s where s.call_id = c.id and s.node_id = n.id and s.opened_at is not null)`
  return rows.map((row) => ({ callId: row.call_id, streams: row.streams }))
}
