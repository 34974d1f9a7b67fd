import { createGather } from '@phonevoice/base'
import type { ServiceContext } from '@phonevoice/services/context'
import {
  type DeliveryStep,
  isDelivered,
  type RecordAttemptInput,
  recordAttempt,
  recordSuccesses,
} from '@phonevoice/services/deliveries'

/** Attempts written by one statement. */
const BATCH_MAX = 100
const PAUSE_MS = 5

/** Writes what came of attempts: those that succeeded, which is nearly all, together; the others one by one. Answers as `recordAttempt`. */
export function createRecorder(
  ctx: ServiceContext,
): (attempt: RecordAttemptInput) => Promise<DeliveryStep | null> {
  const recordSuccess = createGather<RecordAttemptInput, boolean>({
    run: (attempts) => recordSuccesses(ctx, attempts),
    sizeMax: BATCH_MAX,
    pauseMs: PAUSE_MS,
    // Written twice does no harm: the second time the lease is gone.
    splits: () => true,
  })
  return async (attempt) => {
    if (!isDelivered(attempt.responseStatus)) return await recordAttempt(ctx, attempt)
    return (await recordSuccess(attempt)) ? { status: 'delivered' } : null
  }
}
