import { AppError, CarrierError } from '@phonevoice/base'
import type { CallRow } from '../calls/call-row.ts'
import { failCall } from '../calls/fail-call.ts'
import { listQuietCalls } from '../calls/list-quiet-calls.ts'
import { recordCarrierStatus } from '../calls/record-carrier-status.ts'
import type { ServiceContext } from '../context.ts'
import type { DialCarrier } from './dial-call.ts'
import { DIAL_GIVE_UP_MS } from './dial-call.ts'
import { handOverOrphans } from './hand-over-orphans.ts'

/** A call of which nothing was heard for this long is asked about. */
export const QUIET_MS = 20_000
/** What the dialler can take at most, and a little more. */
const NEVER_DIALLED_MS = DIAL_GIVE_UP_MS + 60_000
/** When the carrier itself cannot be asked, a call is given up this long after its allowed duration. */
const OVERDUE_MS = 300_000

export interface ReconcileInput {
  /** Most calls asked about at once. */
  limit: number
  quietMs?: number
  carrierOf(call: CallRow): Promise<Pick<DialCarrier, 'client'>>
  wait(ms: number): Promise<void>
}

/** Batches after which even a large backlog lets go of the worker for a moment. */
const BATCHES_MAX = 20

/** Asks the carrier about calls that have gone quiet and ends those that are over. Returns how many were looked at. */
export async function reconcileQuietCalls(ctx: ServiceContext, input: ReconcileInput): Promise<number> {
  let looked = 0
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const calls = await listQuietCalls(ctx, { olderThanMs: input.quietMs ?? QUIET_MS, limit: input.limit })
    const areLive = await Promise.all(
      calls.map((call) =>
        reconcile(ctx, call, input).catch((error: unknown) => {
          ctx.log.warn('A quiet call could not be checked', { callId: call.id, error })
          return false
        }),
      ),
    )
    await handOverOrphans(
      ctx,
      calls.filter((_, index) => areLive[index]),
      input,
    )
    looked += calls.length
    // After an outage there may be thousands; they are not left to wait for the next round.
    if (calls.length < input.limit) break
  }
  return looked
}

/** True: the carrier says that the call is being talked on. */
async function reconcile(ctx: ServiceContext, call: CallRow, input: ReconcileInput): Promise<boolean> {
  const nowMs = ctx.clock.now()
  const ageMs = nowMs - (call.dialedAt ?? call.createdAt).getTime()
  if (call.carrierCallId === null) {
    // The dialler is still at it, or its work was lost.
    if (ageMs > NEVER_DIALLED_MS)
      await failCall(ctx, { callId: call.id, reason: 'carrier_error', carrierCode: null })
    return false
  }
  let found: Awaited<ReturnType<DialCarrier['client']['fetchCall']>>
  try {
    const { client } = await input.carrierOf(call)
    found = await client.fetchCall(call.carrierCallId)
  } catch (error) {
    if (!(error instanceof CarrierError) && !(error instanceof AppError)) throw error
    const lifeMs = (call.ringTimeoutSeconds + call.maxDurationSeconds) * 1000
    if (ageMs <= lifeMs + OVERDUE_MS) throw error
    await failCall(ctx, { callId: call.id, reason: 'carrier_error', carrierCode: null })
    return false
  }
  if (found === null) {
    const reason = call.startedAt === null ? 'carrier_error' : 'media_lost'
    await failCall(ctx, { callId: call.id, reason, carrierCode: null })
    return false
  }
  const { status, durationSeconds, endedAtMs } = found
  await recordCarrierStatus(ctx, {
    callId: call.id,
    carrierCallId: call.carrierCallId,
    status,
    carrierCode: null,
    atMs: endedAtMs ?? nowMs,
    durationSeconds,
  })
  return status === 'in-progress'
}
