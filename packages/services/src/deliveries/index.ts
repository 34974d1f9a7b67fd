export type { RecordAttemptInput } from './attempt.ts'
export { BREAKER_FAILURES_MAX } from './breaker.ts'
export {
  type ClaimDeliveriesInput,
  claimDeliveries,
  type DeliveriesClaimed,
  FIRST_ATTEMPT_BLOCKS_MS,
  IN_FLIGHT_PER_ORGANIZATION_MAX,
} from './claim-deliveries.ts'
export type { ClaimedDelivery } from './claimed-delivery.ts'
export { deleteOldBreakers } from './delete-old-breakers.ts'
export {
  type DeliveryKey,
  type FindDeliveriesInput,
  findDeliveries,
  getDelivery,
  type ListDeliveriesInput,
  listDeliveries,
  requireDelivery,
} from './read-deliveries.ts'
export { abandonDelivery, recordAttempt } from './record-attempt.ts'
export { recordSuccesses } from './record-successes.ts'
export { redeliver, redeliverFailed } from './redeliver.ts'
export {
  type AttemptResult,
  type DeliveryStep,
  isDelivered,
  parseRetryAfter,
  RETRY_AFTER_MS_MAX,
  RETRY_DELAYS_MS,
  RETRY_JITTER,
  stepAfterAttempt,
} from './retry-schedule.ts'
