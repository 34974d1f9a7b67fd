export { listUsage } from './list-usage.ts'
export { recordUsage, recordUsageLines, type UsageItem } from './record-usage.ts'
