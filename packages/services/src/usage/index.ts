export { listUsage } from './list-usage.ts'
export { recordUsage, type UsageItem } from './record-usage.ts'
