export { type AddressGuard, createAddressGuard } from './address-guard.ts'
export { createRateLimiter, type RateLimiter, type RateVerdict } from './rate-limiter.ts'
export type { Rate } from './token-bucket.ts'
