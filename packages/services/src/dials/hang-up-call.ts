import { AppError, CarrierError } from '@phonevoice/base'
import { type CallRow, findCall } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'
import { DONE, type Step, type Work } from '../work/index.ts'
import type { DialCarrier } from './dial-call.ts'

/** No carrier lets a call live longer than this; then there is nothing left to end. */
const GIVE_UP_MS = 6 * 3600_000

/** Ends a call at the carrier: the one the work names, which need not be the one its call goes by. */
export async function hangUpCall(
  ctx: ServiceContext,
  input: { work: Work; carrierOf(call: CallRow): Promise<Pick<DialCarrier, 'client'>> },
): Promise<Step> {
  const { work } = input
  const call = await findCall(ctx, work.callId)
  if (!call) return DONE
  try {
    const { client } = await input.carrierOf(call)
    await client.hangUp(work.detail)
    return DONE
  } catch (error) {
    const isOurs =
      error instanceof CarrierError || (error instanceof AppError && error.code === 'carrier_not_configured')
    if (!isOurs) throw error
    const ageMs = ctx.clock.now() - work.createdAtMs
    ctx.log.warn('A call at the carrier could not be hung up', {
      callId: call.id,
      carrierCallId: work.detail,
      error,
    })
    // Even a permanent refusal may be mended, for instance by new credentials, and somebody pays for this line.
    if (ageMs > GIVE_UP_MS) return DONE
    const delayMs = Math.min(1000 * 2 ** Math.min(work.attempt, 10), error.retryable ? 30_000 : 300_000)
    return { nextAtMs: ctx.clock.now() + delayMs }
  }
}
