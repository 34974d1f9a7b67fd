import type { Usage } from './child.ts'

/** The value below which a share of the sorted values lies, by nearest rank; null without values. */
export function percentile(sorted: ArrayLike<number>, share: number): number | null {
  if (sorted.length === 0) return null
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null
}

export interface Spread {
  count: number
  p50: number | null
  p95: number | null
  p99: number | null
  max: number | null
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort()
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
  }
}

/** How much of one core a process used between two looks at it, in percent. */
export function cpuPercent(before: Usage, after: Usage): number {
  return (100 * (after.cpuMs - before.cpuMs)) / (after.atMs - before.atMs)
}

/** Null when one of them is not known. */
export function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before
}

export const MEGABYTE = 1024 * 1024
