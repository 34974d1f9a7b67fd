import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

describe('a call that may only cost so much', () => {
  it.concurrent('ends politely when it has cost that, and says why', async () => {
    const placed = await system.call({ phone_number: '+12025550106', max_cost_usd: 0.001 })
    const { call, webhooks, phone } = await placed.completed()
    expect(call).toMatchObject({
      ended_reason: 'max_cost',
      outcome: { category: 'policy', fault: 'none', billable: true },
    })
    expect(phone.phone.heard.text).toContain(
      "I'm sorry, I have to end the call here. Thank you, and goodbye.",
    )
    const said = webhooks.filter((webhook) => webhook.json.event === 'transcription')
    expect(said.at(-1)?.json.data.text).toContain('goodbye')
    expect(call.cost).toBeGreaterThanOrEqual(0.001)
    expect(call.duration_seconds).toBeLessThan(15)
  })

  it.concurrent('is left alone below it', async () => {
    const placed = await system.call({ phone_number: '+12025550100', max_cost_usd: 5 })
    const { call } = await placed.completed()
    expect(call.ended_reason).not.toBe('max_cost')
    expect(call.cost).toBeLessThan(5)
  })
})
