import { describe, expect, test } from 'vitest'
import { createCostLimit } from './cost-limit.ts'
import type { UsageLine } from './usage-meter.ts'

const now = () => Date.parse('2026-11-20')
const line = (quantity: number): UsageLine => ({
  key: 'k',
  component: 'llm',
  provider: 'openai',
  model: 'gpt-6-luna',
  unit: 'output_token',
  quantity,
  source: 'measured',
})

describe('a limit of what a call may cost', () => {
  test('counts the minutes begun of carrier and media stream', () => {
    const limit = createCostLimit({ maxMicroUsd: 30_000, direction: 'outbound', earlier: [], now })
    expect(limit.isReached([], 59_000, 59_000)).toBe(false)
    expect(limit.isReached([], 61_000, 61_000)).toBe(true)
  })

  test('counts what vendors have reported, and what earlier streams have used', () => {
    const maxMicroUsd = 1_000_000
    const limit = createCostLimit({ maxMicroUsd, direction: 'outbound', earlier: [], now })
    expect(limit.isReached([line(1000)], 1000, 1000)).toBe(false)
    expect(limit.isReached([line(10_000_000)], 1000, 1000)).toBe(true)
    const resumed = createCostLimit({ maxMicroUsd, direction: 'outbound', earlier: [line(10_000_000)], now })
    expect(resumed.isReached([], 1000, 1000)).toBe(true)
  })
})
