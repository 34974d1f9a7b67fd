import { priceUsage, type Usage } from '@phonevoice/services/pricing'
import type { UsageLine } from './usage-meter.ts'

/** Says when a call has cost as much as it may. */
export interface CostLimit {
  /** `lines`: what this stream has used. `streamMs`: how long it has been open, `callMs`: since the answer. */
  isReached(lines: readonly UsageLine[], streamMs: number, callMs: number): boolean
}

export interface CostLimitOptions {
  maxMicroUsd: number
  direction: 'outbound' | 'inbound'
  /** What earlier streams of the call have used. */
  earlier: readonly Usage[]
  /** Unix milliseconds; prices are dated. */
  now(): number
}

/**
 * Prices a call as its bill will be, while it goes on: what vendors have reported, and the minutes of carrier and media stream begun so far. What comes
 * after the call (the analysis) is not in it.
 */
export function createCostLimit(options: CostLimitOptions): CostLimit {
  const { maxMicroUsd, direction, earlier, now } = options
  return {
    isReached(lines, streamMs, callMs) {
      const usage: Usage[] = [
        ...earlier,
        ...lines,
        measured('carrier', direction, callMs),
        measured('media_stream', 'stream', streamMs),
      ]
      return priceUsage(usage.map(namedAsBilled), now()).costMicroUsd >= maxMicroUsd
    },
  }
}

function measured(component: 'carrier' | 'media_stream', model: string, durationMs: number): Usage {
  return {
    component,
    provider: 'twilio',
    model,
    unit: 'second',
    quantity: durationMs / 1000,
    source: 'measured',
  }
}

/** A stream does not know its carrier, and its finished line says so; the bill does. */
function namedAsBilled(usage: Usage): Usage {
  return usage.component === 'media_stream' ? { ...usage, provider: 'twilio' } : usage
}
