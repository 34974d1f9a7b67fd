export { type ClaimWorkInput, claimWork, type Work, type WorkKind } from './claim-work.ts'
export {
  type ClaimableTable,
  type Held,
  LEASE_MS,
  LEASE_RENEW_MS,
  newLeaseToken,
  releaseClaim,
  renewLeases,
} from './lease.ts'
export { completeWork, DONE, retryWork, type Step, settleWork } from './settle-work.ts'
