import { findCall } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'
import { DONE, type Step, type Work } from '../work/index.ts'
import { emptyRecording } from './empty-recording.ts'
import { emptyRows } from './empty-rows.ts'

/** Longer than anybody who began before the mark can still be writing: a merge, a part that waits for the disk, a webhook's answer. */
const LATE_MS = 5 * 60_000
/** How soon to look again while the call is still being finished. */
const UNFINISHED_MS = 10_000

/**
 * The work that makes a deletion whole: rows and files, and once more when nobody can be left who began before it. It may be broken off and repeated at
 * any point. `deleteFiles` removes everything below a prefix; it throws when something is left.
 */
export async function eraseContent(
  ctx: ServiceContext,
  input: { work: Work; deleteFiles(prefix: string): Promise<void> },
): Promise<Step> {
  const { work } = input
  const call = await findCall(ctx, work.callId)
  if (!call) return DONE
  if (work.detail === 'recording') await emptyRecording(ctx, { callId: call.id })
  else await emptyRows(ctx, { callId: call.id })
  await input.deleteFiles(`recordings/${call.id}/`)
  const now = ctx.clock.now()
  if (call.completedAt === null) return { nextAtMs: now + UNFINISHED_MS }
  const settledAtMs = Math.max(work.createdAtMs, call.completedAt.getTime()) + LATE_MS
  return now >= settledAtMs ? DONE : { nextAtMs: settledAtMs }
}
