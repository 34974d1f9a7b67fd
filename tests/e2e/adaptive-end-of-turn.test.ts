import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

/** Says two sentences with a pause between them, four times over. */
const steps = [
  { do: 'listen', timeout_ms: 6000 },
  ...['first', 'second', 'third', 'fourth'].flatMap((word) => [
    { do: 'say', text: `This is my ${word} wish.` },
    { do: 'pause', ms: 500 },
    { do: 'say', text: 'That was it.' },
    { do: 'listen' },
  ]),
  { do: 'hang-up' },
]

async function userTurns(phone: string, isAdaptive: boolean): Promise<string[]> {
  await system.givePhone(phone, { steps })
  const placed = await system.call({
    phone_number: phone,
    assistant_overrides: {
      instructions: 'Say exactly: Of course, I will see to that for you at once.',
      analysis: { enabled: false },
      turn_taking: { end_of_turn: { adaptive: isAdaptive }, early_thinking: { enabled: false } },
    },
  })
  const { webhooks } = await placed.completed()
  return webhooks
    .filter((webhook) => webhook.json.event === 'transcription')
    .map((webhook) => webhook.json.data)
    .filter((data) => data.role === 'user')
    .map((data) => data.text)
}

describe('a caller who pauses between sentences', () => {
  it('is answered once a turn when the wait has been learned', async () => {
    const [learned, fixed] = await Promise.all([
      userTurns('+12025550122', true),
      userTurns('+12025550123', false),
    ])
    console.info(`turns: ${learned.length} learned, ${fixed.length} fixed`)
    expect(learned.join(' ')).toBe(fixed.join(' '))
    expect(learned.at(-1)).toBe('This is my fourth wish. That was it.')
    expect(learned.length).toBeLessThan(fixed.length)
  })
})
