export { type PricedUsage, priceUsage, toUsd, type Usage } from './price-usage.ts'
export { DEFAULT_RATES, RATE_CARD, type Rate, type UsageUnit } from './rate-card.ts'
