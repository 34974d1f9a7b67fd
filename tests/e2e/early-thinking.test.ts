import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

/** How many requests to the model belong to this conversation, and what the caller had said in each. */
async function asked(marker: string): Promise<string[]> {
  const { body } = await system.providers('GET', '/requests?target=chat')
  return body.requests
    .map((request: { body: { messages: { role: string; content: string }[] } }) => request.body.messages)
    .filter((messages: { content: string }[]) => messages[0]?.content.includes(marker))
    .map((messages: { content: string }[]) => messages.at(-1)?.content ?? '')
}

const overrides = (marker: string, enabled: boolean) => ({
  instructions: marker,
  analysis: { enabled: false },
  turn_taking: { early_thinking: { enabled } },
})

describe('an assistant that thinks early', () => {
  it.concurrent('answers sooner, says the same, and shows what unused thoughts cost', async () => {
    const call = async (marker: string, enabled: boolean) =>
      (
        await system.call({
          phone_number: '+12025550100',
          assistant_overrides: overrides(marker, enabled),
        })
      ).completed()
    const [early, plain] = await Promise.all([call('marker-early', true), call('marker-plain', false)])
    const said = ({ webhooks }: typeof early) =>
      webhooks
        .filter((webhook) => webhook.json.event === 'transcription')
        .map((webhook) => [webhook.json.data.role, webhook.json.data.text])
    expect(said(early)).toEqual(said(plain))
    const latency = (of: typeof early) => of.call.latency.voice_to_voice_ms.p50
    console.info(`voice to voice, p50: ${latency(early)} ms early, ${latency(plain)} ms not`)
    expect(latency(early)).toBeLessThan(latency(plain) - 50)
    const components = (of: typeof early) =>
      of.call.cost_breakdown.map((line: { component: string }) => line.component)
    expect(components(plain)).not.toContain('early_thinking')
    expect(components(early)).toContain('llm')
    const requests = await asked('marker-early')
    const turns = said(early).filter(([role]) => role === 'user').length
    if (requests.length > turns) expect(components(early)).toContain('early_thinking')
  })

  it.concurrent('still waits in the pause of a spelled number, and gives it one reply', async () => {
    const placed = await system.call({
      phone_number: '+12025550110',
      assistant_overrides: overrides('marker-number', true),
    })
    const { webhooks } = await placed.completed()
    const said = webhooks.map((webhook) => webhook.json.data).filter((data) => data.text)
    const number = said.findIndex((data) => /five/.test(data.text))
    expect(said[number].text).toBe('my number is five five five one two three four')
    expect(said[number + 1].role).toBe('assistant')
    expect((await asked('marker-number')).filter((text) => /five/.test(text))).toEqual([
      'my number is five five five one two three four',
    ])
  })

  it.concurrent('throws a thought away when the caller goes on, and answers the whole', async () => {
    await system.givePhone('+12025550121', {
      steps: [
        { do: 'listen', timeout_ms: 6000 },
        { do: 'say', text: 'I would like a table. But only outside, please.' },
        { do: 'listen' },
        { do: 'hang-up' },
      ],
    })
    const placed = await system.call({
      phone_number: '+12025550121',
      assistant_overrides: overrides('marker-goes-on', true),
    })
    const { call, webhooks } = await placed.completed()
    const said = webhooks.map((webhook) => webhook.json.data).filter((data) => data.role === 'user')
    expect(said.map((data) => data.text)).toEqual(['I would like a table. But only outside, please.'])
    const requests = await asked('marker-goes-on')
    expect(requests).toContain('I would like a table.')
    expect(requests.at(-1)).toBe('I would like a table. But only outside, please.')
    const wasted = call.cost_breakdown.filter(
      (line: { component: string }) => line.component === 'early_thinking',
    )
    expect(wasted.length).toBeGreaterThan(0)
    const sum = call.cost_breakdown.reduce(
      (total: number, line: { amount: number }) => total + line.amount,
      0,
    )
    expect(sum).toBeCloseTo(call.cost, 6)
  })
})
