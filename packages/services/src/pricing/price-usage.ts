import type { CostLine } from '@phonevoice/contracts'
import { DEFAULT_RATES, RATE_CARD, type Rate, type UsageUnit } from './rate-card.ts'

/** Something a call used. */
export interface Usage {
  component: CostLine['component']
  provider: string
  model: string
  unit: UsageUnit | (string & {})
  /** Not negative; may be a fraction. */
  quantity: number
  source: CostLine['source']
}

export interface PricedUsage {
  lines: CostLine[]
  /** Whole micro-USD: the exact sum of the lines. */
  costMicroUsd: number
}

/**
 * Prices usage as of a moment. Equal usage is added up first, then each line is rounded once to whole micro-USD; the cost is the sum of the
 * rounded lines, so it always adds up. What is not on the card is priced like comparable things and marked `estimated`.
 */
export function priceUsage(
  usage: readonly Usage[],
  atMs: number,
  card: readonly Rate[] = RATE_CARD,
): PricedUsage {
  const lines: CostLine[] = []
  let costMicroUsd = 0
  for (const item of addUp(usage)) {
    const found = findRate(item, atMs, card)
    const isMinutes = found.rate.billing === 'started-minutes'
    const quantity = isMinutes ? Math.ceil(item.quantity / 60) : item.quantity
    const amountMicroUsd = Math.round((quantity * found.rate.priceMicroUsd) / found.rate.per)
    costMicroUsd += amountMicroUsd
    lines.push({
      component: item.component,
      provider: item.provider,
      unit: isMinutes ? 'minute' : item.unit,
      quantity,
      unit_price: toUsd(found.rate.priceMicroUsd),
      per: found.rate.per,
      amount: toUsd(amountMicroUsd),
      source: found.isDefault ? 'estimated' : item.source,
    })
  }
  return { lines, costMicroUsd }
}

/** Micro-USD as a decimal number of USD. */
export function toUsd(microUsd: number): number {
  return microUsd / 1_000_000
}

const SOURCE_TRUST: Readonly<Record<CostLine['source'], number>> = { estimated: 0, measured: 1, carrier: 2 }

/** One item per thing used, in order of first appearance; it is only as certain as its least certain part. */
function addUp(usage: readonly Usage[]): Usage[] {
  const byKey = new Map<string, Usage>()
  for (const item of usage) {
    const quantity = Number.isFinite(item.quantity) ? Math.max(0, item.quantity) : 0
    const key = JSON.stringify([item.component, item.provider, item.model, item.unit])
    const before = byKey.get(key)
    if (!before) byKey.set(key, { ...item, quantity })
    else {
      before.quantity += quantity
      if (SOURCE_TRUST[item.source] < SOURCE_TRUST[before.source]) before.source = item.source
    }
  }
  return [...byKey.values()].filter((item) => item.quantity > 0)
}

type Price = Pick<Rate, 'billing' | 'priceMicroUsd' | 'per'>

/** Where tokens are counted apart, by what they were for. */
const tokenComponents: ReadonlySet<Usage['component']> = new Set(['analysis', 'early_thinking'])

function findRate(item: Usage, atMs: number, card: readonly Rate[]): { rate: Price; isDefault: boolean } {
  const component = tokenComponents.has(item.component) ? 'llm' : item.component
  const candidates = card.filter(
    (rate) => rate.component === component && rate.provider === item.provider && rate.unit === item.unit,
  )
  const exact = candidates.filter((rate) => rate.model === item.model)
  const rate = inForce(exact.length > 0 ? exact : candidates.filter((one) => one.model === '*'), atMs)
  if (rate) return { rate, isDefault: false }
  const fallback = DEFAULT_RATES.find((one) => one.component === component && one.unit === item.unit)
  return { rate: fallback ?? { billing: 'as-measured', priceMicroUsd: 0, per: 1 }, isDefault: true }
}

/** The newest that holds at the time; before the first, the first. */
function inForce(rates: readonly Rate[], atMs: number): Rate | undefined {
  const sorted = [...rates].sort((one, other) => Date.parse(one.validFrom) - Date.parse(other.validFrom))
  return sorted.findLast((rate) => Date.parse(rate.validFrom) <= atMs) ?? sorted[0]
}
